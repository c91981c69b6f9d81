"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import UserError
from contracts.line import LineFile
from referee.project import RUNS

LineOption = Annotated[Path, typer.Option("--line", help="Line file (YAML).")]
ImagesOption = Annotated[
    Path | None,
    typer.Option("--images", help="Folder of pictures that the replay cameras serve."),
]
RunDirOption = Annotated[
    Path | None,
    typer.Option("--run-dir", help="Folder of the line's logs, journals, database and archive."),
]

ByOption = Annotated[
    str | None, typer.Option("--by", help="Who puts it in force; your login name if not given.")
]
WhyOption = Annotated[
    str, typer.Option("--why", help="Why it is put in force. The mode bypass needs a reason.")
]


def default_run_dir(line: LineFile) -> Path:
    """Where a line lives between `up` and `up`."""
    return RUNS / f"{line.site}-{line.line}"


def checked_images(images: Path | None) -> Path | None:
    """The folder, if it is one."""
    if images is not None and not images.is_dir():
        raise UserError(f"--images {images}: no such folder")
    return images


def newest_run_dir(given: Path | None) -> Path:
    """``given``, or the folder of the line that was started last here."""
    if given is not None:
        return given
    started = sorted(RUNS.glob("*/endpoints.json"), key=lambda file: file.stat().st_mtime)
    if not started:
        raise UserError(f"no line was started in {RUNS.resolve()}; name one with --run-dir")
    return started[-1].parent


@contextmanager
def needs_training() -> Iterator[None]:
    """Around the import of a command that trains.

    Raises:
        UserError: its packages are not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed: pip install 'referee[train]', or make setup-dev"
        ) from error
