"""Whatever is typed, a command ends with a documented exit code and one line, never a traceback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
from hypothesis import given, settings

from contracts.exit_codes import ExitCode
from referee.cli import app
from tests.command_lines import PATHS, command_lines, faults_of, folder_of_things

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 54321
"""A user id that is in no passwd file."""
PYTHON = next((p for p in ("/usr/bin/python3.11",) if Path(p).exists()), sys.executable)
"""Debian's own: a virtual environment may lead into a home that is closed to others."""


@pytest.fixture(autouse=True)
def things(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("REFEREE_DATABASE_URL", raising=False)
    with folder_of_things() as folder:
        yield folder


@settings(max_examples=8, deadline=None)
@given(command_lines(quick=True))
def test_any_command_line_ends_in_a_documented_way(line: list[str]) -> None:
    assert faults_of(line) == []


@pytest.mark.parametrize("path", PATHS)
def test_any_path_can_be_given(path: str) -> None:
    for line in (
        ["check", path],
        ["check", "line.yaml", "--run-dir", path],
        ["part", "one/1/1", "--run-dir", path],
        ["inspect", path, "--triton", "x", "--out", path],
        ["down", "--run-dir", path],
    ):
        assert faults_of(line) == [], line


def examples() -> Iterator[list[str]]:
    def below(command) -> Iterator[str]:
        if hasattr(command, "commands"):
            for inner in command.commands.values():
                yield from below(inner)
        else:
            yield from (command.epilog or f"\n\n{command.name} has no example").splitlines()[2:]

    return (shlex.split(line.partition(" > ")[0]) for line in below(typer.main.get_command(app)))


@pytest.mark.parametrize("example", list(examples()), ids=" ".join)
def test_the_examples_of_the_help_can_be_typed(example: list[str]) -> None:
    program, *words = example[1:] if example[0] == "sudo" else example
    assert program == "referee", "register it with `add`, and give an example"
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        context = command.make_context("referee", words, resilient_parsing=False)
        name, command, words = command.resolve_command(
            context, context._protected_args + context.args
        )
    assert command.make_context(name, words).command is command


@pytest.fixture
def as_nobody(things: Path):
    """Run the command as a user who has no name, no home and no rights."""

    def run(*arguments: str, cwd: Path = things) -> tuple[int, str]:
        known = {key: value for key, value in os.environ.items() if key != "HOME"}
        known["PYTHONPATH"] = f"{ROOT}:{Path(typer.__file__).parents[1]}"
        done = subprocess.run(
            [PYTHON, "-m", "referee", *arguments],
            cwd=cwd,
            env=known,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    things.chmod(0o755)
    return run


def test_a_user_without_name_home_and_rights_gets_one_line(as_nobody, things: Path) -> None:
    (things / "locked").mkdir(mode=0o700)
    code, said = as_nobody("up", "--line", "line.yaml", "--run-dir", "locked/run")
    assert (code, said) == (2, "referee: locked/run cannot be used: you have no permission\n")


def test_a_current_folder_that_may_not_be_read_is_one_line(as_nobody, things: Path) -> None:
    things.chmod(0o300)
    code, said = as_nobody("down", cwd=things)
    assert (code, said.count("\n")) == (ExitCode.USER, 1), said
