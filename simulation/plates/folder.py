"""Writes simulated parts as a folder in the layout of MVTec AD, with an ``index.json``."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.picture_folder import GOOD, INDEX
from runtime.process.console import progress
from simulation.plates.render import RenderedPart, render

VAL_EVERY = 5
"""Every fifth part is in the split ``val``, the others are in ``train``."""


def write_folder(
    folder: Path, count: int, seed: int, defect_share: float, size_px: tuple[int, int]
) -> None:
    """Write parts 0 to ``count`` - 1 of ``seed``; ``size_px`` is width, height.

    Good parts of the split ``train`` go to ``train/good``, all others to ``test/<kind>``, the mask
    of a defect to ``ground_truth/<kind>/<stem>_mask.png`` (0 and 255). Images are RGB PNG.
    """
    entries = []
    with progress(count, f"rendering {folder}") as advance:
        for index in range(count):
            part = render(seed, index, *size_px, defect_share)
            entries.append(_write_part(folder, f"{index:06d}", part, _split(index)))
            advance()
    text = ",\n".join(json.dumps(entry) for entry in entries)
    (folder / INDEX).write_text(f"[\n{text}\n]\n", encoding="utf-8")


def png_of(image_rgb: NDArray[np.uint8]) -> bytes:
    """A (H, W, 3) uint8 RGB image as PNG."""
    return _encode(np.asarray(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), np.uint8))


def _split(index: int) -> str:
    return "val" if index % VAL_EVERY == VAL_EVERY - 1 else "train"


def _write_part(folder: Path, stem: str, part: RenderedPart, split: str) -> dict[str, str]:
    use = "train" if part.kind == GOOD and split == "train" else "test"
    entry = {"image": f"{use}/{part.kind}/{stem}.png", "kind": part.kind, "split": split}
    _write(folder / entry["image"], png_of(part.image))
    if part.kind != GOOD:
        entry["mask"] = f"ground_truth/{part.kind}/{stem}_mask.png"
        _write(folder / entry["mask"], _encode(part.mask.astype(np.uint8) * 255))
    return entry


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _encode(pixels: NDArray[np.uint8]) -> bytes:
    """PNG at the lightest compression: a camera has no time for more."""
    written, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not written:
        raise ValueError(f"cannot encode an image of shape {pixels.shape} as PNG")
    return data.tobytes()
