"""A run's folder: checkpoints, CSV files and curves, written by one run and its resumptions."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from contracts.errors import UserError
from inference.training.loop import checkpoint
from runtime.process.files import made_folder

TRAIN, VAL, CURVES = "train.csv", "val.csv", "curves.png"

Row = Mapping[str, object]


def open_run(folder: Path, resume: bool) -> None:
    """Make sure that a new run has a folder of its own, and a resumed one something to resume.

    Raises:
        UserError: the folder does not fit; the message says what to do.
    """
    held = [name for name in (checkpoint.NAME, TRAIN, VAL) if (folder / name).exists()]
    if held and not resume:
        raise UserError(
            f"{folder} holds a run already ({held[0]}): go on with it (--resume), or name another "
            "folder (--out)"
        )
    if resume and not (folder / checkpoint.NAME).is_file():
        raise UserError(f"--resume: no checkpoint at {folder / checkpoint.NAME}")
    made_folder(folder)


def forget_after(folder: Path, step: int) -> None:
    """Drop the rows that a killed run wrote after its last checkpoint: they will come again."""
    for name in (TRAIN, VAL):
        path = folder / name
        if path.exists():
            rows = [row for row in read_rows(path) if int(row["step"]) <= step]
            _write(path, list(rows[0]) if rows else [], rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the complete rows of a CSV file, without one that a killed run left unfinished."""
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if None not in row.values()]


def append_row(path: Path, row: Row) -> None:
    """Add a row to a CSV file; the first one makes the header, a new column widens it."""
    header = _header(path)
    if set(row) - set(header):
        header += [name for name in row if name not in header]
        _write(path, header, read_rows(path) if path.exists() else [])
    with path.open("a", newline="") as file:
        csv.DictWriter(file, header, restval="").writerow(row)


def _header(path: Path) -> list[str]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return next(csv.reader(file), [])


def _write(path: Path, header: list[str], rows: list[dict[str, str]]) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="") as file:
        if header:
            writer = csv.DictWriter(file, header, restval="")
            writer.writeheader()
            writer.writerows(rows)
    partial.replace(path)
