"""How a program begins and ends: its standard streams, its exit code, what it says of an error."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn, TextIO

from contracts.errors import RefereeError, UserError
from contracts.exit_codes import ExitCode, exit_code_of
from runtime.process.visible_text import visible

BUG = (
    "this is a mistake in Referee. Please report it: the text above, the command, and what "
    "`referee --version` prints. CONTRIBUTING.md says where."
)


def run_command(name: str, main: Callable[[], int | None]) -> NoReturn:
    """Run what a person starts, and end with its exit code. ``name`` begins each error's line."""
    open_streams()
    run_process(name, main)


def run_process(name: str, main: Callable[[], int | None]) -> NoReturn:
    """Run what a supervisor starts, and end with its exit code."""
    sys.exit(exit_code(name, main))


def exit_code(name: str, main: Callable[[], int | None]) -> int:
    """Run ``main`` and return the exit code; an error is one line on standard error.

    What is no RefereeError is a mistake in the program: its traceback is printed, and where to
    report it.
    """
    try:
        code = main() or ExitCode.DONE
        sys.stdout.flush()
    except RefereeError as error:
        _say(name, str(error))
        return exit_code_of(error)
    except KeyboardInterrupt:
        return ExitCode.CTRL_C
    except Exception:
        traceback.print_exc()
        _say(name, BUG)
        return ExitCode.BUG
    return code


def _say(name: str, problem: str) -> None:
    sys.stderr.write(f"{name}: {visible(problem)}\n")


def open_streams() -> None:
    """Make the standard streams safe: closed ones lead nowhere, any character can be written.

    Without this, the first file that is opened would get the number of a closed stream, and what
    is printed would go into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    sys.stdout = _open(_Answers, sys.stdout, 1)
    sys.stderr = _open(_Remarks, sys.stderr, 2)


def _open(kind: type[io.TextIOWrapper], stream: TextIO | None, number: int) -> TextIO:
    return kind(
        stream.buffer if stream else os.fdopen(number, "wb", closefd=False),
        encoding=stream.encoding if stream else "utf-8",
        errors="backslashreplace",
        line_buffering=stream is not None and (number == 2 or stream.isatty()),
    )


class _Remarks(io.TextIOWrapper):
    """Standard error. If nobody can read it any more, nothing is written."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self._lost(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())  # what is still buffered goes there at the end
        os.close(nowhere)


class _Answers(_Remarks):
    """Standard output. Without a reader the command ends: what it is for cannot be done."""

    def _lost(self, error: OSError) -> None:
        super()._lost(error)
        if isinstance(error, BrokenPipeError):
            sys.exit(ExitCode.READER_GONE)
        raise UserError(f"the output cannot be written: {error.strerror}") from error
