"""Things that go wrong, each of them done: what Referee says, and the exit code.

``python -m tests.messages`` does all of them and writes docs/messages.md.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from referee.cli import called
from runtime.process.program import exit_code
from tests.command_lines import folder_of_things
from tests.message_rows import PEOPLE, Row

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "messages.md"
HEAD = """\
# What goes wrong, and what is said

Each row was done, and what Referee said is printed as it was said. `python -m tests.messages` does
all of them again and writes this page. What the exit codes mean is in
[commands](commands.md#exit-codes); what a running line says about itself, and what to do, is in
[operating](operating.md).
"""


class Said(NamedTuple):
    """What came of a row."""

    text: str
    code: int


def said_in(row: Row, folder: Path, port: int) -> Said:
    """Do what the row says in ``folder`` and return what was said, without this machine's names."""
    (folder / "line.yaml").write_text(row.file.replace("PORT", str(port)))
    (folder / "damaged").mkdir(exist_ok=True)
    (folder / "damaged" / "referee.sqlite").write_bytes(b"no database" * 99)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _set(row.settings):
        code = exit_code("referee", lambda: called(shlex.split(row.command)[1:]))
    warnings = [line for line in out.getvalue().splitlines() if line.startswith("warning:")]
    errors = [line.removeprefix("referee: ") for line in err.getvalue().splitlines()]
    text = " ".join([*warnings, *errors]) or " ".join(out.getvalue().split())
    text = text.replace(f"{folder.resolve()}/", "").replace(str(folder.resolve()), ".")
    text = re.sub(rf"\b{port}\b", "PORT", text)
    return Said(text.replace(str(ROOT), "REFEREE"), int(code))


@contextlib.contextmanager
def _set(settings: Sequence[tuple[str, str]]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.pop("REFEREE_DATABASE_URL", None)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def place() -> Iterator[tuple[Path, int]]:
    """Make the folder that the rows are done in, and hold a port."""
    with folder_of_things() as folder, socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        yield folder, holder.getsockname()[1]


def line_of(row: Row, said: Said) -> str:
    """Return the row of the page."""
    command = row.command if len(row.command) < 80 else f"{row.command[:60]}..."
    text = re.sub(r"(n{20})n+", r"\1...", said.text).replace("|", "\\|").replace("<", "&lt;")
    given = "".join(f"{name}={value} " for name, value in row.settings)
    return f"| {row.done}: `{given}{command}` | {text} | {said.code} |"


def page() -> str:
    """Do everything and return the page."""
    tables = []
    with place() as (folder, port):
        for person, rows in PEOPLE.items():
            told = [line_of(row, said_in(row, folder, port)) for row in rows]
            head = "| what was done | what is said | exit code |\n|---|---|---|\n"
            tables.append(f"## {person}\n\n{head}" + "\n".join(told) + "\n")
    return "\n".join([HEAD, *tables])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
