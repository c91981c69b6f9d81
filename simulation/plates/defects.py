"""Defects of a metal plate: each draws where it is and what it does to the light.

A defect is drawn at a random place on the plate in a size between ``SMALLEST_SHARE`` and
``LARGEST_SHARE`` of the picture's area.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from simulation.plates.surface import Grey, Plate, as_grey, smooth_noise, unit_px

SMALLEST_SHARE = 0.001
LARGEST_SHARE = 0.05
VISIBLE = 0.35
"""A pixel belongs to the defect where the defect covers at least this much of it."""


class Mark(NamedTuple):
    """What a defect does to the picture.

    Attributes:
        cover: (H, W) float32, 0 to 1: how much of each pixel the defect covers.
        gain: (H, W) float32: factor on the light where it covers wholly.
        colour_rgb: (3,) factor on the colour where it covers wholly.
    """

    cover: Grey
    gain: Grey
    colour_rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)


def draw_defect(rng: Generator, plate: Plate, kind: str) -> tuple[Mark, NDArray[np.bool_]]:
    """A defect of this kind and its mask (H, W), of a size within the two shares."""
    while True:
        mark = PAINTERS[kind](rng, plate)
        mark = mark._replace(cover=mark.cover * plate.body)
        mask = mark.cover >= VISIBLE
        if SMALLEST_SHARE <= mask.mean() <= LARGEST_SHARE:
            return mark, mask


def _scratch(rng: Generator, plate: Plate) -> Mark:
    """A bright groove with a dark burr at one side, slightly bent."""
    unit = _unit(plate)
    length = rng.uniform(70, 260) * unit
    angle = rng.uniform(0.15, np.pi - 0.15)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    t = np.linspace(-0.5, 0.5, 24)[:, None]
    bend = rng.uniform(-0.12, 0.12) * (4 * t**2 - 1)
    points = _place(rng, plate, 0.72) + length * (t * along + bend * across)
    groove = _stroke(plate, points, rng.uniform(1.6, 3.4) * unit)
    burr = _stroke(plate, points + across * 1.6 * unit, 1.4 * unit)
    gain = 1 + rng.uniform(0.40, 0.75) * groove - 0.4 * burr * (1 - groove)
    return Mark(np.maximum(groove, burr), gain)


def _spot(rng: Generator, plate: Plate) -> Mark:
    """One to three pits or inclusions: dark, round-ish, with a bright rim."""
    unit = _unit(plate)
    cover, centre = _empty(plate), _place(rng, plate, 0.75)
    for _ in range(rng.integers(1, 4)):
        radius = rng.uniform(5, 20) * unit
        cover = np.maximum(cover, _blob(rng, plate, centre, radius, 0.16))
        centre = centre + rng.uniform(-40, 40, 2) * unit
    rim = cv2.GaussianBlur(cover, (0, 0), 1.6 * unit) * (1 - cover)
    gain = 1 - rng.uniform(0.42, 0.72) * cover + 0.3 * rim
    return Mark(cover, gain)


def _crack(rng: Generator, plate: Plate) -> Mark:
    """A jagged dark line with a branch or two."""
    unit = _unit(plate)
    heading = rng.uniform(0, 2 * np.pi)
    main = _walk(rng, _place(rng, plate, 0.6), heading, int(rng.integers(10, 28)), 9 * unit)
    cover = _stroke(plate, main, rng.uniform(1.8, 3.2) * unit)
    for _ in range(rng.integers(0, 3)):
        start = main[rng.integers(2, len(main) - 2)]
        side = heading + rng.choice([-1, 1]) * rng.uniform(0.5, 1.0)
        branch = _walk(rng, start, side, int(rng.integers(4, 10)), 7 * unit)
        cover = np.maximum(cover, _stroke(plate, branch, 1.5 * unit))
    return Mark(cover, 1 - rng.uniform(0.5, 0.8) * cover)


def _stain(rng: Generator, plate: Plate) -> Mark:
    """A dried drop or rust: irregular, brownish, soft, darker at its border."""
    unit = _unit(plate)
    radius = rng.uniform(14, 60) * unit
    cover = _blob(rng, plate, _place(rng, plate, 0.65), radius, 0.35, soft_px=2.5 * unit)
    border = cover * (1 - cv2.GaussianBlur(cover, (0, 0), 5 * unit))
    depth = rng.uniform(0.16, 0.32)
    mottle = smooth_noise(rng, *_size(plate), (40, 40)) * 0.05
    gain = 1 - cover * (depth + mottle) - 0.35 * border
    return Mark(cover, gain, (1.0, rng.uniform(0.80, 0.88), rng.uniform(0.52, 0.70)))


def _dent(rng: Generator, plate: Plate) -> Mark:
    """A dent: the light turns over it, bright on the far flank, dark on the near one."""
    unit = _unit(plate)
    centre, radius = _place(rng, plate, 0.7), rng.uniform(9, 36) * unit
    width, height = _size(plate)
    x = (np.arange(width, dtype=np.float32)[None, :] - centre[0]) / radius
    y = (np.arange(height, dtype=np.float32)[:, None] - centre[1]) / (
        radius * rng.uniform(0.65, 1.0)
    )
    hollow = np.exp(-1.6 * (x * x + y * y)).astype(np.float32)
    flank = (x + y) * hollow * np.float32(rng.uniform(0.45, 0.75))
    return Mark(np.minimum(3 * hollow, 1), 1 + flank - 0.10 * hollow)


def _chip(rng: Generator, plate: Plate) -> Mark:
    """A piece broken off the edge: dark fracture with a bright facet."""
    unit = _unit(plate)
    side = rng.integers(0, 4)
    start, end = plate.outline_px[side], plate.outline_px[(side + 1) % 4]
    centre = start + (end - start) * rng.uniform(0.1, 0.9)
    radius = rng.uniform(12, 42) * unit
    cover = _blob(rng, plate, centre, radius, 0.30)
    facet = _blob(rng, plate, centre + rng.uniform(-0.4, 0.4, 2) * radius, 0.5 * radius, 0.3)
    gain = 1 - cover * rng.uniform(0.58, 0.78) + 0.18 * facet * cover
    return Mark(cover, gain)


PAINTERS: dict[str, Callable[[Generator, Plate], Mark]] = {
    "scratch": _scratch,
    "spot": _spot,
    "crack": _crack,
    "stain": _stain,
    "dent": _dent,
    "chip": _chip,
}
KINDS: tuple[str, ...] = tuple(PAINTERS)


def _size(plate: Plate) -> tuple[int, int]:
    return plate.grey.shape[1], plate.grey.shape[0]


def _unit(plate: Plate) -> float:
    return unit_px(*_size(plate))


def _empty(plate: Plate) -> Grey:
    return np.zeros_like(plate.grey)


def _place(rng: Generator, plate: Plate, reach: float) -> NDArray[np.float64]:
    """A point on the plate, within ``reach`` (0 to 1) of the way from its middle to its edge."""
    middle = plate.outline_px.mean(axis=0).astype(np.float64)
    half = (plate.outline_px.max(axis=0) - plate.outline_px.min(axis=0)) / 2
    return middle + rng.uniform(-reach, reach, 2) * half


def _stroke(plate: Plate, points_px: NDArray[np.float64], thickness_px: float) -> Grey:
    """Coverage of a line through the points, (N, 2) x and y."""
    canvas = np.zeros(plate.grey.shape, np.uint8)
    fixed = np.round(points_px * 16).astype(np.int32)
    cv2.polylines(canvas, [fixed], False, 255, max(1, round(thickness_px)), cv2.LINE_AA, 4)
    return as_grey(canvas) / np.float32(255)


def _blob(
    rng: Generator,
    plate: Plate,
    centre_px: NDArray[np.float64],
    radius_px: float,
    ragged: float,
    *,
    soft_px: float = 0.8,
) -> Grey:
    """Coverage of an irregular disc; ``ragged`` is how far its radius varies, as a share."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = np.full(48, 1.0)
    for wave in range(1, 6):
        radius += ragged / wave * rng.standard_normal() * np.cos(wave * angles + rng.uniform(0, 6))
    radius = np.clip(radius, 0.35, 1.8) * radius_px
    ring = centre_px + np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)
    canvas = np.zeros(plate.grey.shape, np.uint8)
    cv2.fillPoly(canvas, [np.round(ring * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return as_grey(cv2.GaussianBlur(as_grey(canvas) / 255, (0, 0), soft_px))


def _walk(
    rng: Generator, start: NDArray[np.float64], heading: float, steps: int, step_px: float
) -> NDArray[np.float64]:
    """(steps + 1, 2) points of a jagged path that keeps its heading roughly."""
    angles = heading + rng.normal(0, 0.65, steps)
    moves = rng.uniform(0.5, 1.3, steps)[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    return start + step_px * np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)])
