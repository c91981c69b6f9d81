"""Command lines that a user could type, right and wrong, in a folder of things that go wrong.

``python -m tests.command_lines --seed 7 --examples 5000`` runs many of them. Each must end with a
documented exit code and, if it is an error, with one line: never with a traceback.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import typer.main
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from contracts.exit_codes import ExitCode
from referee.cli import app, called
from runtime.process.program import exit_code

GOOD = {ExitCode.DONE, ExitCode.NO, ExitCode.USER, ExitCode.RETRY}
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
STARTS_A_LINE = {("bench", "line"), ("bench", "plc"), ("bench", "engines"), ("bench", "power")}
STARTED_BY_A_LINE_FILE = {"up", "run", "service"}
NEEDS_TORCH = {"train", "reword", "export", "finetune", "peers", "evaluate", "page"}
SLOW = NEEDS_TORCH | {"doctor"}
LEFT_OUT = {"--install-completion", "--show-completion", "--agree", "--speed", "--help"}
LINE = """\
site: no-plant-has-this-name
line: fuzz
stations: {one: {camera: {kind: simulated}, prompts: [{words: a scratch}]}}
soft_plc: {parts_per_s: 2}
"""
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c6360000000"
    "020001e221bc330000000049454e44ae426082"
)
FILES = {
    "line.yaml": LINE.encode(),
    "[/x].yaml": LINE.encode(),
    os.fsdecode(b"\xff\x1b[31m.yaml"): LINE.encode(),
    "empty.yaml": b"",
    "broken.yaml": b"site: [",
    "list.yaml": b"- 1\n",
    "binary": bytes(range(256)) * 9,
    "latin-1.txt": b"\xe9t\xe9",
    "figures.json": b'{"a": 1}',
    "picture.png": PIXEL,
    "cut.png": PIXEL[:40],
    "run/endpoints.json": b"{",
    "run/referee.sqlite": b"no database" * 99,
    "run2/endpoints.json/file": b"",
    "run2/referee.sqlite/file": b"",
    "run3/referee.sqlite": b"",
    "run3/supervisord.conf": b"\xff\x00",
    "photos/train/good/1.png": PIXEL,
    "photos/test/good/2.png": PIXEL,
    "photos/test/chip/3.png": b"no picture",
    "index/index.json": b'[{"image": "../x.png"}]',
    "expressions/expressions.jsonl": b"{}\n",
}
PATHS = [
    *FILES,
    "run",
    "run2",
    "photos",
    "folder",
    "loop",
    "none",
    "none/none",
    "binary/x",
    "n" * 300,
]
PATHS += ["", "/", "/proc/self/mem", "/dev/null"]
TEXTS = [
    "",
    " ",
    "x",
    "[/x]",
    "\x1b[31m",
    "\udcff",
    "日本",
    "a/b/c",
    "one/1/1",
    "9" * 30,
    "9" * 5000,
]
TEXTS += ["host:99999", "127.0.0.1:1", "a:b:c", "-1", "nan", "1e400", "0", "3"]


class Way(NamedTuple):
    """A command: its names, and its parameters as Typer knows them."""

    names: tuple[str, ...]
    parameters: tuple[Any, ...]


def ways(command: Any = None, names: tuple[str, ...] = ()) -> Iterator[Way]:
    """Yield every command that cannot start a line, whatever it is given."""
    command = command or typer.main.get_command(app)
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from ways(inner, (*names, name))
    elif names not in STARTS_A_LINE:
        yield Way(names, tuple(p for p in command.params if p.opts[0] not in LEFT_OUT))


@st.composite
def command_lines(draw: st.DrawFn, quick: bool = False) -> list[str]:
    """Draw a command and values for its parameters, required ones nearly always."""
    known = [way for way in ways() if not (quick and SLOW & set(way.names))]
    way = draw(st.sampled_from(known))
    line = list(way.names)
    for each in way.parameters:
        if draw(st.integers(0, 9)) < (9 if each.required else 3):
            line += _value(draw, way, each)
    if way.names[0] in STARTED_BY_A_LINE_FILE and "--line" not in line:
        line += ["--line", "none"]  # not the demo line
    if way.names[0] in ("inspect", "evaluate") and "--triton" not in line:
        line += ["--triton", "127.0.0.1:1"]  # nothing is started, nobody answers
    return line


def _value(draw: st.DrawFn, way: Way, parameter: Any) -> list[str]:
    option = [parameter.opts[0]] if parameter.opts[0].startswith("-") else []
    if getattr(parameter, "is_flag", False):
        return option
    pool = PATHS + TEXTS
    if way.names[0] in STARTED_BY_A_LINE_FILE:
        pool = [value for value in pool if FILES.get(value) != LINE.encode()]
    if option == ["--mqtt"]:
        pool = [value for value in pool if value != "127.0.0.1:1"]  # it would be waited for
    return [*option, draw(st.sampled_from(pool))]


@contextlib.contextmanager
def folder_of_things() -> Iterator[Path]:
    """Make a folder with everything in ``PATHS`` the current one."""
    before, home = Path.cwd(), os.environ.get("HOME")
    with tempfile.TemporaryDirectory(prefix="referee-fuzz-") as made:
        for name, content in FILES.items():
            file = Path(made, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        Path(made, "folder").mkdir()
        Path(made, "loop").symlink_to("loop")
        os.chdir(made)
        os.environ["HOME"] = made
        try:
            yield Path(made)
        finally:
            os.chdir(before)
            os.environ["HOME"] = home or "/"


def faults_of(line: Sequence[str]) -> list[str]:
    """Run one command line in this process; return what is wrong with how it ended."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = exit_code("referee", lambda: called(line))
    said = err.getvalue()
    faults = [] if code in GOOD else [f"exit code {code}: {said[-800:]}"]
    if code in (ExitCode.USER, ExitCode.RETRY) and not said.startswith("referee: "):
        faults.append(f"an error without its line: {said!r}")
    if code == ExitCode.USER and said.count("\n") != 1:
        faults.append(f"an error of several lines: {said!r}")
    faults += [f"obeyed by a terminal: {text!r}" for text in OBEYED.findall(out.getvalue() + said)]
    return faults


def main() -> int:
    """Run a campaign; return 1 if a command line ended in the wrong way."""
    parser = argparse.ArgumentParser(prog="python -m tests.command_lines")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=1000)
    asked = parser.parse_args()

    @seed(asked.seed)
    @settings(
        max_examples=asked.examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(command_lines())
    def each(line: list[str]) -> None:
        faults = faults_of(line)
        assert not faults, (line, faults)

    with folder_of_things():
        each()
    return 0


if __name__ == "__main__":
    sys.exit(main())
