"""Registers a command: with examples in its help, and a look at what it is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from contracts.errors import UserError
from runtime.process.files import in_words


class Command(TyperCommand):
    """A command that refuses, for all its options alike, what the system can never open."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line. Raises UserError for a path or a text that cannot be used."""
        rest = super().parse_args(ctx, args)
        for value in ctx.params.values():
            for each in value if isinstance(value, list | tuple) else [value]:
                _refuse_unusable(each)
        return rest


def add(app: typer.Typer, command: Callable[..., Any], *examples: str, name: str = "") -> None:
    """Register a function as a command. Each example is a whole command line."""
    shown = "\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples)
    app.command(name or command.__name__, cls=Command, epilog=shown)(command)


def _refuse_unusable(value: object) -> None:
    if isinstance(value, Path):
        _refuse_path(value)
    elif isinstance(value, str) and not value.isprintable():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise UserError(f"{value} is not UTF-8 text") from error


def _refuse_path(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return  # the command says what it is for
    except ValueError as error:  # a NUL in it
        raise UserError(f"{path} is not a path") from error
    except OSError as error:
        raise UserError(f"{path} cannot be used: {in_words(error)}") from error
