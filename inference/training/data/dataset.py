"""Labelled pictures of a line: a folder in MVTec AD layout, with or without an index.json.

``contracts/picture_folder.py`` describes the index; a region's mask is the image's mask inside
boxes of that kind. Without an index, ``train/good`` trains and ``test/<kind>`` is for choosing
("val").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from contracts.errors import UserError
from contracts.picture_folder import GOOD, INDEX, IndexRow, parse_index
from inference.imaging import decode_image
from runtime.process.files import read_bytes

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg"}


@dataclass(frozen=True)
class Entry:
    """One picture on disk, not yet decoded."""

    line: str
    image: Path
    kind: str
    split: str
    mask: Path | None = None
    regions: tuple[dict, ...] = ()


@dataclass
class Part:
    """One decoded picture.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        masks: kind -> (H, W) uint8, 255 on the defect; empty for a good part.
    """

    line: str
    name: str
    image: np.ndarray
    masks: dict[str, np.ndarray] = field(default_factory=dict)

    def any_mask(self) -> np.ndarray:
        """(H, W) uint8, 255 on whatever is wrong."""
        union = np.zeros(self.image.shape[:2], np.uint8)
        for mask in self.masks.values():
            union |= mask
        return union


def read_entries(folder: Path, line: str) -> list[Entry]:
    """List a line's pictures.

    Raises:
        FileNotFoundError: the folder holds neither an index.json nor the MVTec AD layout.
        UserError: the index is not valid, or a picture in it has no split.
    """
    index = folder / INDEX
    if index.is_file():
        rows = parse_index(read_bytes(index), str(index))
        return [_from_index(index, line, number, row) for number, row in enumerate(rows)]
    if not (folder / "train" / GOOD).is_dir():
        raise FileNotFoundError(f"{folder}: no index.json and no train/good (MVTec AD layout)")
    return _from_folders(folder, line)


def _from_index(index: Path, line: str, number: int, row: IndexRow) -> Entry:
    if row.split is None:
        raise UserError(f"{index}: {number}.split: Field required")
    return Entry(
        line=line,
        image=index.parent / row.image,
        kind=row.kind,
        split=row.split,
        mask=index.parent / row.mask if row.mask else None,
        regions=tuple(region.model_dump() for region in row.regions),
    )


def _from_folders(folder: Path, line: str) -> list[Entry]:
    entries = []
    for part, split in (("train", "train"), ("test", "val")):
        for image in sorted((folder / part).glob("*/*")):
            if image.suffix.lower() not in IMAGE_SUFFIXES:
                continue
            kind = image.parent.name
            mask = folder / "ground_truth" / kind / f"{image.stem}_mask.png"
            entries.append(Entry(line, image, kind, split, None if kind == GOOD else mask))
    return entries


def load_part(entry: Entry) -> Part:
    """Decode a picture and its masks.

    Raises:
        contracts.errors.BadImage: the picture or its mask cannot be decoded.
        ValueError: the mask has another size than the picture, or nothing is marked in it.
    """
    image = decode_image(read_bytes(entry.image))
    part = Part(entry.line, str(entry.image), image)
    if entry.mask is None:
        return part
    marked = decode_image(read_bytes(entry.mask))[:, :, 0] > 0
    if marked.shape != image.shape[:2]:
        raise ValueError(f"{entry.mask}: {marked.shape} does not match picture {image.shape[:2]}")
    if not marked.any():
        raise ValueError(f"{entry.mask}: a picture of kind {entry.kind} with nothing marked")
    part.masks = _masks_by_kind(entry, marked)
    return part


def _masks_by_kind(entry: Entry, marked: np.ndarray) -> dict[str, np.ndarray]:
    if not entry.regions:
        return {entry.kind: marked.astype(np.uint8) * 255}
    masks: dict[str, np.ndarray] = {}
    for region in entry.regions:
        left, top, right, bottom = region["box_xyxy"]
        mask = masks.setdefault(region["kind"], np.zeros(marked.shape, np.uint8))
        mask[top:bottom, left:right] |= marked[top:bottom, left:right].astype(np.uint8) * 255
    return {kind: mask for kind, mask in masks.items() if mask.any()}


def at_network_scale(part: Part, max_side_px: int) -> Part:
    """The part as large as the network sees it: a longest side above ``max_side_px`` is reduced."""
    height, width = part.image.shape[:2]
    scale = max_side_px / max(height, width)
    if scale >= 1:
        return part
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = cv2.resize(part.image, size, interpolation=cv2.INTER_AREA)
    # Any share of a defect marks the smaller pixel: a thin scratch must not vanish.
    masks = {
        kind: (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 63).astype(np.uint8) * 255
        for kind, mask in part.masks.items()
    }
    return Part(part.line, part.name, image, masks)


def boundary(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool, the pixels of a mask within 3 px of its outline."""
    inner = cv2.erode(mask, np.ones((7, 7), np.uint8), borderValue=255)
    return (mask > 0) & (inner == 0)
