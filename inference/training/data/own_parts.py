"""A user's own labelled parts, and which of them are kept back to measure with."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from contracts.errors import UserError
from contracts.picture_folder import GOOD, INDEX
from inference.training.data.dataset import Entry
from inference.training.data.labelled_folder import check_files, entries_of

FEWEST_GOOD, FEWEST_DEFECTIVE = 20, 10
HELD_OUT = 0.25


class OwnParts(NamedTuple):
    """Attributes:
    name: of the folder.
    train, val: what is trained on, and what is measured on.
    split: how the parts were divided, as text.
    """

    name: str
    train: list[Entry]
    val: list[Entry]
    split: str


def find_parts(folder: Path) -> OwnParts:
    """List, check and split a folder's pictures.

    Raises:
        UserError: there are too few, or masks are missing; the message says what is needed.
    """
    if not folder.is_dir():
        raise UserError(f"--data {folder}: no such folder")
    entries = entries_of(folder, folder.resolve().name)
    for entry in entries:
        check_files(entry)
    _check_counts(folder, entries)
    train, val = ([e for e in entries if e.split == split] for split in ("train", "val"))
    if (folder / INDEX).is_file() and train and val:
        split = "as index.json says"
    else:
        train, val = hold_out([entry for entry in entries if entry.split != "test"], folder)
        split = (
            f"{HELD_OUT:.0%} of each kind held out, chosen by the files' names; several shots of "
            "one part may be on both sides, which an index.json would prevent"
        )
    for name, chosen in (("train", train), ("val", val)):
        if len({entry.kind == GOOD for entry in chosen}) < 2:
            raise UserError(f"{folder}: split {name!r} wants good and defective parts, both")
    return OwnParts(folder.resolve().name, train, val, split)


def _check_counts(folder: Path, entries: list[Entry]) -> None:
    good = sum(entry.kind == GOOD for entry in entries)
    counts = (
        ("good", good, FEWEST_GOOD),
        ("defective", len(entries) - good, FEWEST_DEFECTIVE),
    )
    for name, count, fewest in counts:
        if count < fewest:
            raise UserError(
                f"{folder}: {count or 'no'} {name} pictures, at least {fewest} are needed "
                "(some hundred are better)"
            )


def hold_out(entries: list[Entry], folder: Path) -> tuple[list[Entry], list[Entry]]:
    """(rest, held out): of each kind the share whose names' checksums are smallest."""
    by_kind: dict[str, list[Entry]] = {}
    for entry in entries:
        by_kind.setdefault(entry.kind, []).append(entry)
    rest, held = [], []
    for group in by_kind.values():
        drawn = sorted(group, key=lambda entry: _checksum(entry.image, folder))
        count = max(1, round(HELD_OUT * len(group))) if len(group) > 1 else 0
        held += drawn[:count]
        rest += drawn[count:]
    return rest, held


def _checksum(image: Path, folder: Path) -> str:
    return hashlib.sha256(image.relative_to(folder).as_posix().encode()).hexdigest()


def counts_of(entries: list[Entry]) -> dict[str, int]:
    """Kind -> pictures, good first."""
    counted = Counter(entry.kind for entry in entries)
    return dict(sorted(counted.items(), key=lambda item: (item[0] != GOOD, item[0])))
