"""The `referee` command as a shell starts it: streams that are closed, full or narrow."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.exit_codes import ExitCode
from referee.cli import called
from runtime.process.program import exit_code

ROOT = Path(__file__).resolve().parents[3]
DEMO = str(ROOT / "lines" / "demo.yaml")
COMMANDS = (
    "up down run inspect part check schema apply doctor train reword evaluate export finetune"
)
WAYS = [*([one] for one in COMMANDS.split()), ["data", "build"], ["data", "stats"]]
WAYS += [["bench", one] for one in ("line", "page", "plc", "engines", "peers")]


@pytest.fixture
def referee(tmp_path: Path):
    """Start the command in an empty folder; ``environment`` and ``more`` are for Popen."""

    def start(*arguments: str, environment=None, **more) -> subprocess.Popen:
        known = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        argv = [sys.executable, "-m", "referee", *arguments]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
        return subprocess.Popen(argv, cwd=tmp_path, env=known, **streams)

    return start


def test_a_reader_that_has_gone_ends_the_command_without_a_word(referee) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with referee("check", DEMO, stdout=writer) as process:
        os.close(writer)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (ExitCode.READER_GONE, b"")


def test_a_full_disk_behind_the_output_is_one_line(referee) -> None:
    with Path("/dev/full").open("wb") as full, referee("check", DEMO, stdout=full) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.USER
    assert said == b"referee: the output cannot be written: No space left on device\n"


def close_all_streams() -> None:
    for number in range(3):
        os.close(number)


def test_closed_streams_are_no_file_that_is_written_to(referee) -> None:
    with referee("check", DEMO, stdout=None, stderr=None, preexec_fn=close_all_streams) as process:
        assert process.wait(timeout=60) == 0


def test_any_file_name_and_any_locale(referee, tmp_path: Path) -> None:
    name = os.fsdecode(b"l\xefne [x] \x1b[31m\xe6\x97\xa5.yaml")
    (tmp_path / name).write_text(Path(DEMO).read_text())
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    with referee("check", name, environment=ascii_only) as process:
        shown, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")
    assert rb"l\xefne [x] \x1b[31m" in shown
    assert shown.isascii()


@pytest.fixture
def ends(capsys) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process; return exit code, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = exit_code("referee", lambda: called(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize("columns", ["20", "200"])
@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_help_fits_any_terminal(ends, way: list[str], columns: str, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    code, shown, said = ends(*way, "--help")
    assert (code, said) == (0, "")
    assert "Usage:" in shown


def test_help_lists_every_exit_code(ends) -> None:
    _, shown, _ = ends("--help")
    assert [each for each in ExitCode if f"{each.value:<4} {each.meaning}" not in shown] == []


def test_without_a_command_its_help_is_printed(ends) -> None:
    assert ends() == ends("--help")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["aply"], "No such command 'aply'. Did you mean 'apply'?; see `referee --help`"),
        (["check"], "Missing argument 'file'; see `referee check --help`"),
        (["check", "--fast"], "No such option: --fast; see `referee check --help`"),
        (["bench", "line", "--stations", "x"], "see `referee bench line --help`"),
        (["check", "\x1b[31m[/x]"], r"\x1b[31m[/x]: No such file"),
    ],
)
def test_a_command_that_cannot_be_read_is_one_line(ends, arguments, says) -> None:
    code, shown, said = ends(*arguments)
    assert (code, shown) == (ExitCode.USER, "")
    assert said.startswith("referee: ")
    assert said.count("\n") == 1
    assert says in said


def test_a_label_with_brackets_is_printed_as_it_is(ends, tmp_path: Path) -> None:
    file = tmp_path / "[red]line.yaml"
    prompts = '[{words: "a [/x] chip", label: "[x]"}]'
    file.write_text(
        f"site: s\nline: l\nstations: {{one: {{camera: {{kind: simulated}}, prompts: {prompts}}}}}"
    )
    code, shown, _ = ends("check", str(file))
    assert code == 0
    assert [text for text in ("[red]line.yaml", "a [/x] chip", "[x]") if text not in shown] == []
