"""Defects painted on pictures of boards in two tones, copper dark on bright (as DeepPCB has them).

Like the painters of synthetic.py: each takes (H, W, 3) float32 pixels and a Generator, changes the
pixels in place and returns an (H, W) uint8 mask, empty where the board has no place for it.
"""

from __future__ import annotations

import cv2
import numpy as np

from inference.training.shapes import blob

COPPER, BARE = 0.0, 255.0
LARGEST_HALF_TRACE_PX = 14.0
LONGEST_BRIDGE_PX = 60
TRIES = 12


def copper_of(pixels: np.ndarray) -> np.ndarray:
    """(H, W) uint8, 1 on copper."""
    return (pixels[:, :, 0] < 128).astype(np.uint8)


def paint_pin_hole(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A hole inside copper."""
    return _inside(pixels, copper_of(pixels), BARE, rng.uniform(2.5, 6), rng)


def paint_spurious_copper(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An island of copper where there should be none."""
    return _inside(pixels, 1 - copper_of(pixels), COPPER, rng.uniform(3, 9), rng)


def paint_mousebite(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A nick at the edge of copper, that does not cut through."""
    copper = copper_of(pixels)
    return _at_edge(pixels, copper, BARE, rng)


def paint_spur(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A spike of copper at an edge, that reaches nothing else."""
    bare = 1 - copper_of(pixels)
    return _at_edge(pixels, bare, COPPER, rng)


def paint_open(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A trace interrupted: copper erased across its whole width."""
    copper, gap_px = copper_of(pixels), rng.uniform(4, 16)
    return _across(pixels, copper, BARE, LARGEST_HALF_TRACE_PX, gap_px, rng)


def paint_short(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A bridge of copper over bare board, from one piece of copper to another."""
    bare, width_px = 1 - copper_of(pixels), rng.uniform(3, 8)
    return _across(pixels, bare, COPPER, LONGEST_BRIDGE_PX / 2, width_px, rng)


def _inside(
    pixels: np.ndarray, tone: np.ndarray, paint: float, radius: float, rng: np.random.Generator
) -> np.ndarray:
    """A blob of paint wholly within one tone."""
    room = cv2.distanceTransform(tone, cv2.DIST_L2, 3) > 2 * radius + 2
    centre = _any_of(room, rng)
    if centre is None:
        return np.zeros(tone.shape, np.uint8)
    mask = blob(tone.shape, centre, radius * rng.uniform(0.7, 1.5, 2), rng) * tone
    return _fill(pixels, mask, paint)


def _at_edge(
    pixels: np.ndarray, tone: np.ndarray, paint: float, rng: np.random.Generator
) -> np.ndarray:
    """A blob of paint at the tone's edge; the tone keeps its connection around it."""
    rim = tone - cv2.erode(tone, np.ones((3, 3), np.uint8))
    depth = cv2.distanceTransform(tone, cv2.DIST_L2, 3)
    for _ in range(TRIES):
        centre, radius = _any_of(rim > 0, rng), rng.uniform(3, 8)
        if centre is None:
            break
        mask = blob(tone.shape, centre, radius * rng.uniform(0.7, 1.4, 2), rng) * tone
        x, y = centre.astype(int)
        reach = int(2 * radius) + 2
        near = depth[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]
        # As deep as the tone is here, it would cut through: an open or a short, by another name.
        if mask.any() and near.max() > 0.75 * radius + 2:
            return _fill(pixels, mask, paint)
    return np.zeros(tone.shape, np.uint8)


def _across(
    pixels: np.ndarray,
    tone: np.ndarray,
    paint: float,
    largest_half_px: float,
    width_px: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """A stroke of paint from one side of a strip of the tone to the other, the shortest way."""
    depth = cv2.distanceTransform(tone, cv2.DIST_L2, 5)
    ridge = (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8))) & (tone > 0)
    ridge &= (depth > 1.5) & (depth < largest_half_px)
    for _ in range(TRIES):
        centre = _any_of(ridge, rng)
        if centre is None:
            break
        x, y = centre.astype(int)
        half = float(depth[y, x]) + 2
        side = _nearest_side(tone, x, y, half)
        if side is None:
            continue
        stroke = np.zeros(tone.shape, np.uint8)
        ends = [tuple(np.round(centre + sign * side * half).astype(int)) for sign in (-1, 1)]
        cv2.line(stroke, ends[0], ends[1], 255, max(2, round(width_px)))
        beyond = [end for end in ends if _is_other(tone, end)]
        if len(beyond) == 2:
            return _fill(pixels, stroke * tone, paint)
    return np.zeros(tone.shape, np.uint8)


def _nearest_side(tone: np.ndarray, x: int, y: int, half: float) -> np.ndarray | None:
    """Unit vector from a point of the tone to its nearest edge; None at the picture's rim."""
    reach = int(half) + 2
    if min(x, y) < reach or x >= tone.shape[1] - reach or y >= tone.shape[0] - reach:
        return None
    rows, columns = np.nonzero(tone[y - reach : y + reach + 1, x - reach : x + reach + 1] == 0)
    if not len(rows):
        return None
    steps = np.stack([columns - reach, rows - reach], 1).astype(float)
    step = steps[np.argmin((steps**2).sum(1))]
    return step / np.linalg.norm(step)


def _is_other(tone: np.ndarray, point_xy: tuple[int, int]) -> bool:
    x, y = point_xy
    return 0 <= y < tone.shape[0] and 0 <= x < tone.shape[1] and tone[y, x] == 0


def _any_of(places: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """(x, y) of one of the places, or None where there is none."""
    rows, columns = np.nonzero(places)
    if not len(rows):
        return None
    chosen = rng.integers(len(rows))
    return np.array([columns[chosen], rows[chosen]], float)


def _fill(pixels: np.ndarray, mask: np.ndarray, paint: float) -> np.ndarray:
    pixels[mask > 0] = paint
    return mask
