"""Defects painted on pictures of boards in two tones, copper dark on bright (as DeepPCB has them).

A painter draws copper or bare board at a random place. It keeps the drawing if it changes the
pieces of copper around it as the kind's name says: an open parts one, a short joins two, a mouse
bite and a spur do neither, stray copper adds a piece and a pin hole adds one of bare board.

Like the painters of synthetic.py each takes (H, W, 3) float32 pixels and a Generator, changes the
pixels in place and returns an (H, W) uint8 mask, which is empty if no drawing was kept.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from inference.training.data.shapes import blob, scrawl

COPPER, BARE = 0.0, 255.0
WINDOW_PX = 44
RIM_PX = 4.0
TRIES = 24

Place = Callable[[np.ndarray, np.random.Generator], "np.ndarray | None"]
Draw = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def copper_of(pixels: np.ndarray) -> np.ndarray:
    """(H, W) uint8, 1 on copper."""
    return (pixels[:, :, 0] < 128).astype(np.uint8)


def paint_pin_hole(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A hole inside copper."""
    return _paint(pixels, BARE, (0, 1), _inside, _mark, rng)


def paint_spurious_copper(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An island of copper where there should be none."""
    return _paint(pixels, COPPER, (1, 0), _inside, _mark, rng)


def paint_mousebite(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A nick at the edge of copper, that does not cut through."""
    return _paint(pixels, BARE, (0, 0), _at_rim, _mark, rng)


def paint_spur(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A spike of copper at an edge, that reaches nothing else."""
    return _paint(pixels, COPPER, (0, 0), _at_rim, _mark, rng)


def paint_open(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A trace interrupted: copper erased across its whole width."""
    return _paint(pixels, BARE, (1, None), _on_ridge, _across, rng)


def paint_short(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A bridge over bare board, from one piece of copper to another."""
    return _paint(pixels, COPPER, (-1, None), _on_ridge, _across, rng)


def _paint(
    pixels: np.ndarray,
    paint: float,
    pieces: tuple[int, int | None],
    place: Place,
    draw: Draw,
    rng: np.random.Generator,
) -> np.ndarray:
    """Scrawl until the pieces of copper and of bare board near by have changed as they should."""
    copper = copper_of(pixels)
    tone = 1 - copper if paint == COPPER else copper
    # How far the tone reaches to all sides of each of its pixels.
    depth = cv2.distanceTransform(tone, cv2.DIST_L2, 5)
    mask = np.zeros(tone.shape, np.uint8)
    for _ in range(TRIES):
        centre = place(depth, rng)
        if centre is None:
            continue
        window = _window(centre, tone.shape)
        inside = draw(depth[window], centre - [window[1].start, window[0].start], rng)
        inside = _piece_at_most(inside * tone[window])
        after = np.where(inside > 0, np.uint8(paint == COPPER), copper[window])
        changes = (
            (_pieces(after) - _pieces(copper[window])),
            (_pieces(1 - after) - _pieces(1 - copper[window])),
        )
        if inside.any() and changes[0] == pieces[0] and pieces[1] in (None, changes[1]):
            mask[window] = inside
            pixels[mask > 0] = paint
            break
    return mask


def _window(centre: np.ndarray, hw: tuple[int, ...]) -> tuple[slice, slice]:
    x, y = centre.astype(int)
    return (
        slice(max(0, y - WINDOW_PX), min(hw[0], y + WINDOW_PX)),
        slice(max(0, x - WINDOW_PX), min(hw[1], x + WINDOW_PX)),
    )


def _pieces(tone: np.ndarray) -> int:
    return int(cv2.connectedComponents(tone, connectivity=4)[0])


def _piece_at_most(mask: np.ndarray) -> np.ndarray:
    """The largest piece of a mask: what lies across a neighbouring trace is not meant."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count <= 1:
        return mask
    return (labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())).astype(np.uint8) * 255


def _inside(depth: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    return _any_of(depth > rng.uniform(3, 9), rng)


def _at_rim(depth: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    return _any_of((depth > 0) & (depth < RIM_PX), rng)


def _on_ridge(depth: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """The middle of a strip, more often of a narrow one."""
    ridge = (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8))) & (depth > 1.2)
    return _any_of(ridge & (depth < rng.choice([5.0, 9.0, 15.0, 24.0])), rng)


def _mark(depth: np.ndarray, centre: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A short stroke, a glyph or a lump, in any direction."""
    if rng.random() < 0.3:
        return blob(depth.shape, centre, rng.uniform(2, rng.uniform(3, 13), 2), rng)
    length_px, thickness = rng.uniform(3, rng.uniform(8, 32)), int(rng.integers(2, 9))
    return scrawl(depth.shape, centre, rng.uniform(0, 2 * np.pi), length_px, thickness, rng)


def _across(depth: np.ndarray, centre: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A stroke over a strip's middle, about square to it and longer than it is wide."""
    x, y = centre.astype(int)
    half = float(depth[y, x])
    rows, columns = np.nonzero((depth > half - 0.5) & (depth > 0))
    # Square to the ridge near by, which runs along its main axis.
    near = np.hypot(columns - x, rows - y) < max(6.0, half)
    along = np.stack([columns[near] - x, rows[near] - y]).astype(float)
    values, axes = np.linalg.eigh(along @ along.T)
    heading = float(np.arctan2(axes[1, 0], axes[0, 0]))
    if values[1] > 0 and rng.random() < 0.15:
        heading = rng.uniform(0, 2 * np.pi)
    length_px, thickness = 2 * half + rng.uniform(3, 9), int(rng.integers(2, rng.integers(4, 24)))
    heading += rng.normal(0, 0.35)
    start = centre - length_px / 2 * np.array([np.cos(heading), np.sin(heading)])
    return scrawl(depth.shape, start, heading, length_px, thickness, rng, glyphs=False)


def _any_of(places: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Return (x, y) of one of the places; None if there are none."""
    flat = np.flatnonzero(places)
    if not len(flat):
        return None
    row, column = divmod(int(flat[rng.integers(len(flat))]), places.shape[1])
    return np.array([column, row], float)
