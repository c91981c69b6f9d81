"""Defects painted on good parts: unlimited masks, and the words that go with them.

Each painter takes (H, W, 3) float32 pixels and a Generator, changes the pixels in place and
returns an (H, W) uint8 mask (255 on the defect). PAINTERS maps kinds of captions.yaml to them.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from inference.training.data import board_defects
from inference.training.data.dataset import Part
from inference.training.data.shapes import blob

Painter = Callable[[np.ndarray, np.random.Generator], np.ndarray]
SMALLEST_AREA_PX2 = 12


def add_defect(part: Part, kind: str, rng: np.random.Generator) -> Part:
    """Return the part with one painted defect of a kind; unchanged if the paint missed it."""
    pixels = part.image.astype(np.float32)
    mask = PAINTERS[kind](pixels, rng)
    if int((mask > 0).sum()) < SMALLEST_AREA_PX2:
        return part
    masks = dict(part.masks)
    masks[kind] = mask | masks.get(kind, np.zeros_like(mask))
    return Part(part.line, part.name, np.clip(pixels, 0, 255).astype(np.uint8), masks)


def smooth_noise(hw: tuple[int, int], cell_px: float, rng: np.random.Generator) -> np.ndarray:
    """(H, W) float32 of unit variance: noise on a coarse grid, interpolated (two octaves)."""
    total = np.zeros(hw, np.float32)
    for cell, weight in ((cell_px, 1.0), (cell_px / 2, 0.5)):
        grid_hw = (max(2, round(hw[0] / cell) + 1), max(2, round(hw[1] / cell) + 1))
        grid = rng.standard_normal(grid_hw, dtype=np.float32)
        total += weight * cv2.resize(grid, hw[::-1], interpolation=cv2.INTER_CUBIC)
    return total / max(float(total.std()), 1e-6)


def _alpha(mask: np.ndarray, blur_px: float) -> np.ndarray:
    """(H, W, 1) float32 in 0..1 with a soft edge."""
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), blur_px)
    return soft[:, :, None]


def _blend(pixels: np.ndarray, mask: np.ndarray, paint: np.ndarray, blur_px: float) -> None:
    alpha = _alpha(mask, blur_px)
    pixels *= 1 - alpha
    pixels += alpha * paint


def _point(hw: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return np.array([rng.uniform(0.03, 0.97) * hw[1], rng.uniform(0.03, 0.97) * hw[0]])


def _contrast(rng: np.random.Generator, dark_share: float) -> float:
    """A gain that can be seen: clearly darker or clearly brighter."""
    return rng.uniform(0.25, 0.7) if rng.random() < dark_share else rng.uniform(1.4, 2.2)


def paint_blowhole(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A small dark hole, sometimes with a bright rim on one side."""
    hw = pixels.shape[:2]
    centre, radius = _point(hw, rng), rng.uniform(2.5, 8)
    mask = blob(hw, centre, np.array([radius, radius * rng.uniform(1, 2.2)]), rng)
    if rng.random() < 0.5:
        lit = np.roll(mask, tuple(rng.integers(-2, 3, 2)), axis=(0, 1))
        _blend(pixels, lit, pixels * rng.uniform(1.2, 1.7), 0.8)
    _blend(pixels, mask, pixels * rng.uniform(0.25, 0.6), rng.uniform(0.6, 1.2))
    return mask


def paint_spot(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A small spot of another shade."""
    hw = pixels.shape[:2]
    mask = blob(hw, _point(hw, rng), rng.uniform(3, 12, 2), rng)
    _blend(pixels, mask, pixels * _contrast(rng, 0.6), rng.uniform(0.6, 1.5))
    return mask


def _walk(
    hw: tuple[int, int],
    start_xy: np.ndarray,
    heading: float,
    length_px: float,
    wander: float,
    thickness: tuple[int, int],
    rng: np.random.Generator,
) -> np.ndarray:
    """(H, W) uint8 mask of a line that wanders by ``wander`` radians each 5 px."""
    mask, point = np.zeros(hw, np.uint8), start_xy.astype(float)
    for _ in range(int(length_px / 5)):
        heading += rng.normal(0, wander)
        after = point + 5 * np.array([np.cos(heading), np.sin(heading)])
        ends = [tuple(round(v) for v in p) for p in (point, after)]
        cv2.line(mask, ends[0], ends[1], 255, int(rng.integers(*thickness)))
        point = after
    return mask


def paint_crack(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A thin dark walk, mostly along the grain, often from an edge inwards."""
    hw = pixels.shape[:2]
    start, heading = _point(hw, rng), np.pi / 2 + rng.normal(0, 0.35)
    if rng.random() < 0.5:
        start[1], heading = (0, heading) if rng.random() < 0.5 else (hw[0] - 1, heading + np.pi)
    mask = _walk(hw, start, heading, rng.uniform(25, 140), 0.22, (1, 4), rng)
    _blend(pixels, mask, pixels * rng.uniform(0.2, 0.6), 0.7)
    return mask


def paint_scratch(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A straight or gently curved stroke, bright or dark, in any direction."""
    hw = pixels.shape[:2]
    mask = _walk(
        hw, _point(hw, rng), rng.uniform(0, 2 * np.pi), rng.uniform(30, 160), 0.04, (1, 4), rng
    )
    _blend(pixels, mask, pixels * _contrast(rng, 0.4), 0.7)
    return mask


def paint_stain(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cloud of another shade: noise cut to its highest tenth around a point."""
    hw = pixels.shape[:2]
    cloud = smooth_noise(hw, rng.uniform(16, 48), rng)
    near = blob(hw, _point(hw, rng), rng.uniform(20, 70, 2), rng)
    mask = ((cloud > 0.3) & (near > 0)).astype(np.uint8) * 255
    _blend(pixels, mask, pixels * _contrast(rng, 0.7), rng.uniform(1, 2.5))
    return mask


def paint_fray(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A large dull area: darker, and its grain smoothed away."""
    hw = pixels.shape[:2]
    mask = blob(hw, _point(hw, rng), rng.uniform(25, 90, 2), rng)
    dull = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(1.5, 4)) * rng.uniform(0.55, 0.85)
    dull += (smooth_noise(hw, 4, rng) * rng.uniform(1, 4))[:, :, None]
    _blend(pixels, mask, dull, rng.uniform(1, 3))
    return mask


def paint_uneven(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An unevenly ground area: streaks along the grain, from an edge inwards or as an island."""
    hw = pixels.shape[:2]
    if rng.random() < 0.6:
        mask = _band(hw, rng)
    else:
        mask = blob(hw, _point(hw, rng), rng.uniform(0.15, 0.45, 2) * min(hw), rng)
    grid = rng.standard_normal((max(2, hw[0] // 150), max(2, round(hw[1] / rng.uniform(1.5, 4.5)))))
    streaks = cv2.resize(grid.astype(np.float32), hw[::-1], interpolation=cv2.INTER_LINEAR)
    gain = rng.uniform(0.9, 1.3) + rng.uniform(0.04, 0.25) * streaks
    _blend(pixels, mask, pixels * gain[:, :, None], rng.uniform(1.5, 5))
    return mask


def _band(hw: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(H, W) uint8 mask of everything above or below a wavy line across the picture."""
    across = np.linspace(0, 2 * np.pi * rng.uniform(0.3, 1.2), hw[1])
    line = hw[0] * (rng.uniform(0.06, 0.6) + 0.03 * np.sin(across + rng.uniform(0, 6.3)))
    above = np.arange(hw[0])[:, None] < line[None]
    return (above if rng.random() < 0.5 else above[::-1]).astype(np.uint8) * 255


def paint_break(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A piece missing at an edge: a dark notch, or a smooth face without the part's grain."""
    hw = pixels.shape[:2]
    centre, side = _point(hw, rng), rng.integers(4)
    centre[side % 2] = 0 if side < 2 else hw[1 - side % 2] - 1
    inwards = (0.0 if side % 2 == 0 else np.pi / 2) + rng.normal(0, 0.35)
    if rng.random() < 0.5:
        long, wide = rng.uniform(0.1, 0.6) * min(hw), rng.uniform(0.05, 0.2) * min(hw)
        mask = blob(hw, centre, np.array([long, wide]), rng, inwards)
        _blend(pixels, mask, _face(pixels, rng), rng.uniform(0.6, 1.5))
        rim = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        _blend(pixels, rim, pixels * rng.uniform(0.5, 1.2), 0.7)
        return mask
    centre += rng.uniform(-1, 1, 2) * 0.06 * min(hw)
    mask = blob(hw, centre, rng.uniform(3, 24, 2), rng)
    rough = rng.uniform(15, 70) + smooth_noise(hw, rng.uniform(3, 8), rng) * rng.uniform(3, 15)
    dark = np.repeat(rough[:, :, None], 3, axis=2)
    _blend(pixels, mask, dark if rng.random() < 0.6 else _face(pixels, rng), 0.8)
    return mask


def _face(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What a fracture shows: the light of the place, none of its grain, a texture of its own."""
    gain = rng.uniform(0.6, 0.9) if rng.random() < 0.5 else rng.uniform(1.0, 1.7)
    smooth = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(5, 10)) * gain
    texture = smooth_noise(pixels.shape[:2], rng.uniform(3, 12), rng) * rng.uniform(1, 9)
    return smooth + texture[:, :, None]


def paint_patch(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """CutPaste (Li et al. 2021, arXiv 2104.04015): a piece of the part, turned, elsewhere."""
    hw = pixels.shape[:2]
    mask = blob(hw, _point(hw, rng), rng.uniform(8, 30, 2), rng)
    moved = np.roll(pixels, tuple(int(v) for v in rng.integers(40, 200, 2)), axis=(0, 1))
    turned = cv2.resize(np.ascontiguousarray(moved.transpose(1, 0, 2)), hw[::-1])
    # On an even surface turning alone shows nothing, and the mask would be a lie.
    gain = rng.uniform(0.55, 0.8) if rng.random() < 0.5 else rng.uniform(1.25, 1.6)
    _blend(pixels, mask, turned * gain, 0.8)
    return mask


PAINTERS: dict[str, Painter] = {
    "blowhole": paint_blowhole,
    "spot": paint_spot,
    "crack": paint_crack,
    "scratch": paint_scratch,
    "stain": paint_stain,
    "fray": paint_fray,
    "uneven": paint_uneven,
    "break": paint_break,
    "chip": paint_break,
    "patch": paint_patch,
    "open": board_defects.paint_open,
    "short": board_defects.paint_short,
    "mousebite": board_defects.paint_mousebite,
    "spur": board_defects.paint_spur,
    "spurious_copper": board_defects.paint_spurious_copper,
    "pin_hole": board_defects.paint_pin_hole,
}
