"""Simulated parts with their truth: the same seed and index give the same pixels. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from contracts.picture_folder import GOOD
from simulation.plates.defects import KINDS, Mark, draw_defect
from simulation.plates.surface import Grey, Plate, as_grey, draw_plate

NOISE = 0.011
"""Deviation of the sensor's noise, as a share of full scale."""


class RenderedPart(NamedTuple):
    """A part with its truth.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        mask: (H, W) bool, true on the defect; all false on a good part.
        kind: ``good`` or the kind of its defect.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    kind: str


def render(
    seed: int, index: int, width_px: int, height_px: int, defect_share: float
) -> RenderedPart:
    """Part ``index`` of the line with this seed: the same arguments give the same pixels."""
    rng = np.random.default_rng([seed & 0xFFFFFFFF, index])
    kind = KINDS[rng.integers(len(KINDS))] if rng.random() < defect_share else GOOD
    plate = draw_plate(rng, width_px, height_px)
    if kind == GOOD:
        sound = _expose(rng, plate.grey, tuple(plate.tint_rgb))
        return RenderedPart(sound, np.zeros(plate.grey.shape, bool), kind)
    mark, mask = draw_defect(rng, plate, kind)
    grey = plate.grey * (1 + (mark.gain - 1) * plate.body)
    return RenderedPart(_expose(rng, grey, _colours(plate, mark)), mask, kind)


def _colours(plate: Plate, mark: Mark) -> Sequence[np.float32 | Grey]:
    """The plate's tint per channel, and the defect's own where it has one."""
    return [
        tint if own == 1 else tint * (1 + mark.cover * np.float32(own - 1))
        for tint, own in zip(plate.tint_rgb, mark.colour_rgb, strict=True)
    ]


def _expose(
    rng: Generator, grey: Grey, colours_rgb: Sequence[np.float32 | Grey]
) -> NDArray[np.uint8]:
    """Lens and sensor: a slight blur, then noise, the same in all three channels."""
    seen = as_grey(cv2.GaussianBlur(grey, (3, 3), 0.6))
    seen += rng.standard_normal(seen.shape, dtype=np.float32) * np.float32(NOISE)
    np.clip(seen, 0, 1, out=seen)
    seen *= np.float32(255)
    return np.asarray(cv2.merge([(seen * c).astype(np.uint8) for c in colours_rgb]), np.uint8)
