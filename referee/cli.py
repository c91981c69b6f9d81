"""The `referee` command."""

from __future__ import annotations

import importlib.metadata
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import structlog
import typer
from typer.exceptions import TyperException

from contracts.errors import UserError
from contracts.exit_codes import ExitCode
from referee.commands import (
    apply,
    bench,
    check,
    data,
    doctor,
    down,
    evaluate,
    export,
    finetune,
    inspect,
    part,
    reword,
    run,
    schema,
    service,
    status,
    train,
    up,
)
from runtime.process.files import reading
from runtime.process.program import run_command

CODES = "\b\nExit codes:\n" + "\n".join(f"  {each:<4} {each.meaning}" for each in ExitCode)

app = typer.Typer(
    name="referee",
    help="Inspect every part on a production line and decide: pass or reject.",
    epilog=CODES,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help is plain text: [x] in it is [x]
)
COMMANDS = (
    *(up, down, run, status, bench, inspect, part, check, schema, apply, doctor, service),
    *(data, train, reword, evaluate, export, finetune),
)
for command in COMMANDS:
    command.register(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"referee {importlib.metadata.version('referee')}")
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


def main() -> NoReturn:
    """Run a command. An error that its user can correct is one line, and exits with 2."""
    run_command("referee", lambda: called(sys.argv[1:]))


def called(arguments: Sequence[str]) -> int | None:
    """Run one command and return its exit code; None if it is done.

    Raises:
        RefereeError: the text is for the user.
    """
    with reading(Path()):  # it may have been removed
        Path.cwd()
    # Standard output is for answers; warnings of the libraries go to standard error.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        return app(args=list(arguments) or ["--help"], prog_name="referee", standalone_mode=False)
    except TyperException as error:
        context = getattr(error, "ctx", None)
        see = f"; see `{context.command_path} --help`" if context else ""
        raise UserError(f"{error.format_message().rstrip('.')}{see}") from error
