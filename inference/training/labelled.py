"""The labelled lines below a folder, for measuring: every way in which they can be wrong is one
clear line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import BadImage, BadSettings
from inference.training.dataset import GOOD, Entry, Part, load_part, read_entries


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
            BadSettings: a picture or its mask is missing, damaged, or contradicts the index.
        """
        for entry in self.entries:
            yield entry, _checked(entry)


def labelled_lines(folder: Path, split: str) -> list[LabelledLine]:
    """The line that a folder holds (index.json, or MVTec AD layout), or those of its subfolders.

    Raises:
        BadSettings: there is no such folder, no line in it, or none of a line's pictures is of
            that split.
    """
    if not folder.is_dir():
        raise BadSettings(f"{folder}: no such folder")
    if _is_line(folder):
        return [_line(folder, split)]
    lines = [_line(each, split) for each in sorted(folder.iterdir()) if _is_line(each)]
    if not lines:
        raise BadSettings(
            f"{folder}: no line here: a line's folder has an index.json, or train/{GOOD} and "
            "test/KIND as MVTec AD has them"
        )
    return lines


def _is_line(folder: Path) -> bool:
    return (folder / "index.json").is_file() or (folder / "train" / GOOD).is_dir()


def _line(folder: Path, split: str) -> LabelledLine:
    name = folder.resolve().name
    try:
        entries = read_entries(folder, name)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadSettings(
            f"{folder / 'index.json'}: wants a list of {{image, kind, split, mask?, regions?}}; "
            f"not so: {error}"
        ) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{folder / 'index.json'}: not JSON: {error}") from error
    chosen = tuple(entry for entry in entries if entry.split == split)
    if not chosen:
        there = ", ".join(sorted({str(entry.split) for entry in entries})) or "no picture at all"
        raise BadSettings(f"{folder}: no picture of split {split!r}; there is: {there}")
    return LabelledLine(name, _kinds(entries), chosen)


def _kinds(entries: list[Entry]) -> tuple[str, ...]:
    kinds: set[str] = set()
    for entry in entries:
        if entry.kind != GOOD:
            kinds |= {region["kind"] for region in entry.regions} or {entry.kind}
    return tuple(sorted(kinds))


def _checked(entry: Entry) -> Part:
    if entry.kind != GOOD and entry.mask is None:
        raise BadSettings(f"{entry.image}: of kind {entry.kind}, and no mask is named")
    try:
        return load_part(entry)
    except FileNotFoundError as error:
        what = "mask" if error.filename == str(entry.mask) else "picture"
        raise BadSettings(f"{error.filename}: no such {what} (of {entry.image.name})") from error
    except BadImage as error:
        raise BadSettings(f"{entry.image}, or its mask: {error}") from error
    except (ValueError, KeyError) as error:
        raise BadSettings(str(error)) from error
