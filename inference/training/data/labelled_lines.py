"""The labelled lines below a folder, for measuring: one split of each, decoded one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import UserError
from contracts.picture_folder import GOOD
from inference.training.data.dataset import Entry, Part
from inference.training.data.labelled_folder import entries_of, find_lines, load_sound


@dataclass(frozen=True)
class LabelledLine:
    """One line's pictures of one split, not yet decoded.

    Attributes:
        kinds: of the whole line, in order.
    """

    name: str
    kinds: tuple[str, ...]
    entries: tuple[Entry, ...]

    def parts(self) -> Iterator[tuple[Entry, Part]]:
        """Decoded one after the other.

        Raises:
            UserError: a picture or its mask is missing, damaged, or contradicts the index.
        """
        for entry in self.entries:
            yield entry, load_sound(entry)


def labelled_lines(folder: Path, split: str) -> list[LabelledLine]:
    """The line that a folder holds (index.json, or MVTec AD layout), or those of its subfolders.

    Raises:
        UserError: the folder does not exist or holds no line, or a line has no picture of that
            split.
    """
    return [_line(name, each, split) for name, each in find_lines(folder).items()]


def _line(name: str, folder: Path, split: str) -> LabelledLine:
    entries = entries_of(folder, name)
    chosen = tuple(entry for entry in entries if entry.split == split)
    if not chosen:
        there = ", ".join(sorted({entry.split for entry in entries}))
        raise UserError(f"{folder}: no picture of split {split!r}; there is: {there}")
    return LabelledLine(name, _kinds(entries), chosen)


def _kinds(entries: list[Entry]) -> tuple[str, ...]:
    kinds: set[str] = set()
    for entry in entries:
        if entry.kind != GOOD:
            kinds |= {region["kind"] for region in entry.regions} or {entry.kind}
    return tuple(sorted(kinds))
