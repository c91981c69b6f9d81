"""A referring data set on disk: ``referring.jsonl``, one expression about one picture a line.

Paths are relative to the file's folder. Pictures and masks that exist already are pointed to; only
masks that differ from a picture's own, and painted pictures, are written next to the file.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.errors import BadImage, UserError
from contracts.parsing import first_problem
from inference.imaging import decode_image
from inference.training.referring.expressions import Form
from runtime.process.files import read_text

FILE = "referring.jsonl"
BoxXyxy = tuple[int, int, int, int]
AREA_BINS = {
    "below_0.1_percent": (0.0, 0.001),
    "0.1_to_1_percent": (0.001, 0.01),
    "above_1_percent": (0.01, math.inf),
}
"""Name -> from (inclusive) and to (exclusive), shares of the picture's area."""


def area_bin(area_px2: int, image_px2: int) -> str:
    """Which of ``AREA_BINS``."""
    share = area_px2 / image_px2
    return next(name for name, (low, high) in AREA_BINS.items() if low <= share < high)


class Region(BaseModel):
    """One connected region of a target; the box's right and bottom are exclusive."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    box_xyxy: BoxXyxy
    area_px2: int = Field(gt=0)


class Referring(BaseModel):
    """One expression and what it refers to in one picture (its target).

    Attributes:
        kind: what is asked for; "defect" means anything that is wrong.
        narrowed_by: the zone, size or count, such as ``upper_left``; None for all of a kind.
        mask: non-zero on what the expression refers to; None if it refers to nothing.
        regions: connected regions of at least 12 px2 (``words/forms.py``), by kind.
        box_xyxy: around the whole target, in sensor pixels.
        area_share: of the picture, 0..1.
        painted_on: the good picture under a painted defect; None for a real one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    line: str
    split: str
    image: str
    image_hw_px: tuple[int, int]
    text: str = Field(min_length=1)
    form: Form
    kind: str
    narrowed_by: str | None = None
    mask: str | None = None
    regions: tuple[Region, ...] = ()
    box_xyxy: BoxXyxy | None = None
    area_px2: int = Field(0, ge=0)
    area_share: float = Field(0.0, ge=0, le=1)
    area_bin: str | None = None
    painted_on: str | None = None

    @model_validator(mode="after")
    def _all_or_nothing(self) -> Self:
        something = [self.mask is not None, self.box_xyxy is not None, self.area_bin is not None]
        if any(something) != all(something) or all(something) != (self.area_px2 > 0):
            raise ValueError("mask, box_xyxy, area_bin and area_px2 go together")
        if self.form is Form.ABSENT and self.mask is not None:
            raise ValueError("what is absent has no mask")
        return self


def read_referring(path: Path) -> list[Referring]:
    """Return all expressions of a data set, given its folder or its file.

    Raises:
        UserError: the file does not exist, or a line is not valid; the message names it.
    """
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"{file}: no such file; `referee data build` makes one")
    lines = read_text(file).splitlines()
    return [_record(raw, f"{file}:{number}") for number, raw in enumerate(lines, 1)]


def _record(raw: str, where: str) -> Referring:
    try:
        return Referring.model_validate_json(raw)
    except ValidationError as error:
        raise UserError(f"{first_problem(error, where)}; build the data set again") from error


def write_referring(folder: Path, records: Sequence[Referring]) -> None:
    """Write the file in one step, so that a data set that has it is complete."""
    written = folder / f"{FILE}.part"
    written.write_text("".join(r.model_dump_json() + "\n" for r in records), encoding="utf-8")
    written.replace(folder / FILE)


def load_target(record: Referring, folder: Path) -> np.ndarray:
    """(H, W) uint8, 255 on what the expression means.

    Raises:
        UserError: the mask cannot be read, or has another size than the picture.
    """
    if record.mask is None:
        return np.zeros(record.image_hw_px, np.uint8)
    try:
        mask = decode_image((folder / record.mask).read_bytes())[:, :, 0]
    except (OSError, BadImage) as error:
        raise UserError(f"{folder / record.mask}: {error}; build the data set anew") from error
    if mask.shape != record.image_hw_px:
        raise UserError(
            f"{folder / record.mask}: {mask.shape} is not the picture's {record.image_hw_px}"
        )
    return (mask > 0).astype(np.uint8) * 255


class MaskFiles:
    """Where one picture's masks lie; a mask that lies somewhere already is not written again."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder = folder
        self._stem = stem
        self._known: dict[bytes, str] = {}
        self._written = 0

    def know(self, mask: np.ndarray, file: Path) -> None:
        """A mask that exists."""
        self._known[_key(mask)] = relative(file, self._folder)

    def path_of(self, mask: np.ndarray) -> str:
        """Of the file with this mask, relative to the data set's folder."""
        key = _key(mask)
        if key not in self._known:
            file = self._folder / "masks" / f"{self._stem}.{self._written}.png"
            write_png(file, mask)
            self._written += 1
            self._known[key] = relative(file, self._folder)
        return self._known[key]


def _key(mask: np.ndarray) -> bytes:
    return np.packbits(mask > 0).tobytes()


def relative(file: Path, folder: Path) -> str:
    """With forward slashes, whatever links lie between."""
    return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()


def write_png(file: Path, pixels_bgr: np.ndarray) -> None:
    """Write a PNG; raise OSError if the file cannot be written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _, encoded = cv2.imencode(".png", pixels_bgr)
    file.write_bytes(encoded.tobytes())
