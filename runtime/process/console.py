"""What commands print: any text as it is, on any terminal.

Text from files, databases and the command line may hold what a terminal or Rich would obey:
``[red]``, an escape sequence, a carriage return. Here, a string is only text. Style is given with
``styled``, or with a column's or a console's own arguments.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich import console as rich_console
from rich import status as rich_status
from rich import table as rich_table
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from runtime.process.visible_text import visible

PIPED_WIDTH = 1000


def styled(text: str, style: str) -> Text:
    """Return the text in a style, such as ``bold red``."""
    return Text(visible(text), style=style)


class Console(rich_console.Console):
    """Rich's console, which obeys nothing in a string.

    Not on a terminal, lines are as long as they need, unless COLUMNS says otherwise.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)
        if not self.is_terminal and "COLUMNS" not in self._environ:
            self.width = PIPED_WIDTH

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as text: every string that is printed, and every cell, comes by here."""
        options |= {"emoji": False, "markup": False, "highlight": False}
        return super().render_str(visible(text), **options)

    def status(self, status: Any, **options: Any) -> rich_status.Status:
        """Return a line with a spinner; ``update`` changes it."""
        return _Status(status, console=self, **options)


class _Status(rich_status.Status):
    def __init__(self, status: Any, **options: Any) -> None:
        super().__init__(_as_text(status), **options)

    def update(self, status: Any = None, **options: Any) -> None:
        super().update(None if status is None else _as_text(status), **options)


def _as_text(status: Any) -> Any:
    return Text(visible(status)) if isinstance(status, str) else status


class Table(rich_table.Table):
    """Rich's table, which loses nothing on a narrow terminal: long words are folded."""

    def add_column(self, *args: Any, **options: Any) -> None:
        super().add_column(*args, **{"overflow": "fold", **options})


def print_json(answer: Any) -> None:
    """Print one JSON object on standard output. Raises ValueError for NaN, which JSON lacks."""
    sys.stdout.write(json.dumps(answer, allow_nan=False) + "\n")


@contextmanager
def progress(total: int, doing: str) -> Iterator[Any]:
    """Show a line on a terminal's standard error: how many are done, and the time left.

    Yields:
        a function to be called when another one is done.
    """
    told = TextColumn("{task.description}", markup=False)
    columns = (told, MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as shown:
        task = shown.add_task(visible(doing), total=total)
        yield lambda: shown.advance(task)
