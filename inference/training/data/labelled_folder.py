"""Folders that users point at: which lines they hold, and whether their labels can be trusted.

``dataset.py`` reads what is sound; here every way of being unsound is one clear sentence.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

from contracts.errors import BadImage, UserError
from contracts.picture_folder import GOOD, INDEX
from inference.imaging import decode_image
from inference.training.data.dataset import Entry, Part, load_part, read_entries
from runtime.process.files import read_bytes, reading

LAYOUT = "a line's folder holds index.json, or train/good and test/<kind> as in MVTec AD"


def find_lines(folder: Path) -> dict[str, Path]:
    """Return line -> folder: the folder itself if it is a line, else the lines inside it, by name.

    Raises:
        UserError: no such folder, or no line in it.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; {LAYOUT}")
    with reading(folder):
        is_line = _is_line(folder)
    if is_line:
        return {folder.resolve().name: folder}
    with reading(folder):
        lines = {inside.name: inside for inside in sorted(folder.iterdir()) if _is_line(inside)}
    if not lines:
        raise UserError(f"{folder}: no line in it; {LAYOUT}")
    return lines


def _is_line(folder: Path) -> bool:
    return (folder / INDEX).is_file() or (folder / "train" / GOOD).is_dir()


def entries_of(folder: Path, line: str, known_kinds: Collection[str] | None = None) -> list[Entry]:
    """A line's pictures as its labels have them; no file but index.json has been looked at.

    Args:
        known_kinds: kinds that a region may have besides those of whole pictures; None: any.

    Raises:
        UserError: index.json is not valid, or there is no picture.
    """
    if not _is_line(folder):
        raise UserError(f"{folder}: no line; {LAYOUT}")
    entries = read_entries(folder, line)
    if not entries:
        raise UserError(f"{folder}: no picture in it; {LAYOUT}")
    known = None if known_kinds is None else {entry.kind for entry in entries} | set(known_kinds)
    for number, entry in enumerate(entries):
        for region in entry.regions:
            where = f"{folder / INDEX}: {number} ({entry.image.relative_to(folder)})"
            _check_region(region, known, where)
    return entries


def _check_region(region: dict, known: set[str] | None, where: str) -> None:
    kind, box = region["kind"], region["box_xyxy"]
    left, top, right, bottom = box
    if right <= left or bottom <= top:
        raise UserError(f"{where}: box {box} is empty; it is left, top, right, bottom")
    if known is not None and kind not in known:
        close = get_close_matches(kind, sorted(known), n=1)
        meant = f"did you mean {close[0]}? Else add" if close else "add"
        raise UserError(
            f"{where}: a region of unknown kind {kind!r}; {meant} it to a file "
            "for --grammar, under kinds"
        )


def check_files(entry: Entry) -> None:
    """Raise UserError if a picture or its mask is missing, or contradicts its kind."""
    if not entry.image.is_file():
        raise UserError(f"{entry.image}: no such picture; put it there or take it out of {INDEX}")
    if entry.kind == GOOD:
        if entry.mask is not None:
            raise UserError(f"{entry.image}: good, yet with a mask; correct its kind or its mask")
        return
    if entry.mask is None or not entry.mask.is_file():
        missing = f" ({entry.mask} is not there)" if entry.mask else ""
        raise UserError(
            f"{entry.image}: a picture of kind {entry.kind} without a mask{missing}; add "
            f"ground_truth/{entry.kind}/{entry.image.stem}_mask.png, or name it in {INDEX}"
        )


def load_sound(entry: Entry) -> Part:
    """Decode a picture and its masks.

    Raises:
        UserError: names the file that is missing or cannot be used, and why.
    """
    check_files(entry)
    try:
        part = load_part(entry)
    except BadImage as error:
        raise UserError(f"{_broken_file(entry)}: {error}; replace the file") from error
    except ValueError as error:
        raise UserError(f"{error}; draw the mask on the picture anew") from error
    height, width = part.image.shape[:2]
    for region in entry.regions:
        if region["box_xyxy"][2] > width or region["box_xyxy"][3] > height:
            raise UserError(
                f"{entry.image}: box {region['box_xyxy']} reaches over the picture, which is "
                f"{width} x {height} px; correct it in {INDEX}"
            )
    return part


def _broken_file(entry: Entry) -> Path:
    try:
        decode_image(read_bytes(entry.image))
    except BadImage:
        return entry.image
    return entry.mask or entry.image
