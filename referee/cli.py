"""The `referee` command."""

from __future__ import annotations

import logging
import sys

import structlog
import typer
from rich.console import Console

from contracts.errors import RefereeError
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
    train,
    up,
)

app = typer.Typer(
    name="referee",
    help="Inspect every part on a production line and decide: pass or reject.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
COMMANDS = (
    *(up, down, run, bench, inspect, part, check, apply, doctor),
    *(data, train, reword, evaluate, export, finetune),
)
for command in COMMANDS:
    command.register(app)


def main() -> None:
    """Run a command. An error that its user can correct is one line, and exits with 2."""
    # Standard output is for answers; warnings of the libraries go to standard error.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        app()
    except RefereeError as error:
        Console(stderr=True).print(
            f"[bold red]referee:[/] {error}", highlight=False, soft_wrap=True
        )
        sys.exit(2)
