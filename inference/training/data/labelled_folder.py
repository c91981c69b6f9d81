"""Folders that users point at: which lines they hold, and whether their labels can be trusted.

``dataset.py`` reads what is sound; here every way of being unsound is one clear sentence.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from contracts.errors import BadImage, UserError
from contracts.picture_folder import GOOD, INDEX
from inference.imaging import decode_image
from inference.training.data.dataset import Entry, Part, load_part, read_entries

LAYOUT = "a line's folder holds index.json, or train/good and test/<kind> as in MVTec AD"


def _inside(path: str) -> str:
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise ValueError("a path must lie inside the folder of index.json")
    return path


PathInside = Annotated[str, AfterValidator(_inside)]


class IndexRegion(BaseModel):
    """One defect of a picture; the box is in sensor pixels, right and bottom exclusive."""

    kind: str
    box_xyxy: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)], int, int]


class IndexRow(BaseModel):
    """One picture of an index.json; further fields are the user's own."""

    image: PathInside
    kind: str
    split: str
    mask: PathInside | None = None
    regions: tuple[IndexRegion, ...] = ()


def find_lines(folder: Path) -> dict[str, Path]:
    """Line -> folder: the folder itself where it is one, else those inside it, by name.

    Raises:
        UserError: no such folder, or no line in it.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; {LAYOUT}")
    if _is_line(folder):
        return {folder.resolve().name: folder}
    lines = {inside.name: inside for inside in sorted(folder.iterdir()) if _is_line(inside)}
    if not lines:
        raise UserError(f"{folder}: no line in it; {LAYOUT}")
    return lines


def _is_line(folder: Path) -> bool:
    return (folder / INDEX).is_file() or (folder / "train" / GOOD).is_dir()


def entries_of(folder: Path, line: str, known_kinds: Collection[str] | None = None) -> list[Entry]:
    """A line's pictures as its labels have them; no file but index.json has been looked at.

    Args:
        known_kinds: that a region may have beside those that whole pictures have; None: any.

    Raises:
        UserError: index.json cannot be used, or there is no picture.
    """
    if (folder / INDEX).is_file():
        _check_index(folder / INDEX, known_kinds)
    elif not _is_line(folder):
        raise UserError(f"{folder}: no line; {LAYOUT}")
    entries = read_entries(folder, line)
    if not entries:
        raise UserError(f"{folder}: no picture in it; {LAYOUT}")
    return entries


def _check_index(index: Path, known_kinds: Collection[str] | None) -> None:
    try:
        rows = TypeAdapter(list[IndexRow]).validate_json(index.read_bytes())
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(step) for step in problem["loc"])
        said = problem["msg"].removeprefix("Value error, ")
        raise UserError(f"{index}: {where + ': ' if where else ''}{said}") from error
    known = None if known_kinds is None else {row.kind for row in rows} | set(known_kinds)
    for number, row in enumerate(rows):
        for region in row.regions:
            _check_region(region, known, f"{index}: {number} ({row.image})")


def _check_region(region: IndexRegion, known: set[str] | None, where: str) -> None:
    left, top, right, bottom = region.box_xyxy
    if right <= left or bottom <= top:
        raise UserError(f"{where}: box {region.box_xyxy} is empty; it is left, top, right, bottom")
    if known is not None and region.kind not in known:
        close = get_close_matches(region.kind, sorted(known), n=1)
        meant = f"did you mean {close[0]}? Else add" if close else "add"
        raise UserError(
            f"{where}: a region of unknown kind {region.kind!r}; {meant} it to a file "
            "for --grammar, under kinds"
        )


def check_files(entry: Entry) -> None:
    """Raises UserError where a picture or its mask is not there, or contradicts its kind."""
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
        decode_image(entry.image.read_bytes())
    except BadImage:
        return entry.image
    return entry.mask or entry.image
