"""Variation that a line has anyway: place, size, mirror, light, noise, focus.

Every function takes a numpy Generator and draws from nothing else, so that a batch is a function
of the seed and the step alone.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from inference.training.data.dataset import Part
from inference.training.recipe import Variation


def crop(
    part: Part, centre_xy: np.ndarray, side_px: int, vary: Variation, rng: np.random.Generator
) -> Part:
    """A square crop around a point: turned, sized and mirrored in one resampling."""
    matrix = _crop_matrix(part.image.shape[:2], centre_xy, side_px, vary, rng)
    if vary.two_tone:
        return _in_two_tones(part, lambda array: _warp(array, matrix, side_px), rng)
    image = _warp(part.image, matrix, side_px)
    masks = {kind: _binary(_warp(mask, matrix, side_px)) for kind, mask in part.masks.items()}
    return Part(part.line, part.name, image, {k: m for k, m in masks.items() if m.any()})


def _crop_matrix(
    image_hw: tuple[int, int],
    centre_xy: np.ndarray,
    side_px: int,
    vary: Variation,
    rng: np.random.Generator,
) -> np.ndarray:
    """2x3 matrix from picture to crop coordinates."""
    size = _factor(vary.scale, rng)
    angle = np.deg2rad(rng.uniform(-vary.turn_deg, vary.turn_deg))
    if rng.random() < vary.quarter_turns:
        angle += np.pi / 2 * rng.integers(4)
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = size * np.array([[cosine, -sine], [sine, cosine]])
    linear = linear @ np.diag(rng.choice([-1.0, 1.0], 2))
    half = side_px / size / 2
    height, width = image_hw
    inside = [_keep_inside(centre_xy[0], half, width), _keep_inside(centre_xy[1], half, height)]
    shift = side_px / 2 - linear @ np.array(inside)
    return np.column_stack([linear, shift])


def _keep_inside(centre: float, half: float, length: int) -> float:
    """Move a crop's centre so that, if possible, the crop stays inside the picture."""
    if 2 * half >= length:
        return length / 2
    return float(np.clip(centre, half, length - half))


def _warp(array: np.ndarray, matrix: np.ndarray, side_px: int) -> np.ndarray:
    return cv2.warpAffine(
        array, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def resize_whole(part: Part, vary: Variation, rng: np.random.Generator) -> Part:
    """The whole picture, sized (less than a crop is), mirrored and turned by right angles."""
    size = _factor(1 + (vary.scale - 1) * 0.6, rng)
    height, width = (max(32, round(side * size)) for side in part.image.shape[:2])
    flips = rng.random(2) < 0.5
    turns = int(rng.integers(4)) if rng.random() < vary.quarter_turns else 0

    def move(array: np.ndarray) -> np.ndarray:
        array = cv2.resize(array, (width, height), interpolation=cv2.INTER_LINEAR)
        array = np.rot90(array[::-1] if flips[0] else array, turns)
        return np.ascontiguousarray(array[:, ::-1] if flips[1] else array)

    if vary.two_tone:
        return _in_two_tones(part, move, rng)
    masks = {kind: _binary(move(mask)) for kind, mask in part.masks.items()}
    return Part(part.line, part.name, move(part.image), {k: m for k, m in masks.items() if m.any()})


def _in_two_tones(
    part: Part, move: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator
) -> Part:
    """Return a black and white part, moved and made black and white again.

    A defect is the difference between the picture and a repaired one (tones swapped inside the
    mask). Both are moved and cut at one grey level, so that its outline moves as the copper's does.
    """
    grey, marked = part.image[:, :, 0], part.any_mask()
    blur_px, level = rng.uniform(0.3, 1.1), rng.uniform(85, 170)

    def cut(array: np.ndarray) -> np.ndarray:
        return _binary(cv2.GaussianBlur(move(array), (0, 0), blur_px), level)

    image = cut(grey)
    repaired = cut(np.where(marked > 0, 255 - grey, grey)) if part.masks else image
    masks: dict[str, np.ndarray] = {}
    for kind, mask in part.masks.items():
        near = cv2.dilate(move(mask), np.ones((5, 5), np.uint8))
        masks[kind] = ((image != repaired) & (near > 0)).astype(np.uint8) * 255
    shown = np.repeat(image[:, :, None], 3, axis=2)
    return Part(part.line, part.name, shown, {k: m for k, m in masks.items() if m.any()})


def _binary(mask: np.ndarray, level: float = 127) -> np.ndarray:
    return (mask > level).astype(np.uint8) * 255


def _factor(largest: float, rng: np.random.Generator) -> float:
    """Log-uniform between 1 / largest and largest."""
    return float(np.exp(rng.uniform(-1, 1) * np.log(largest)))


def relight(image: np.ndarray, vary: Variation, rng: np.random.Generator) -> np.ndarray:
    """Gain, gamma, a slope of light across the picture, focus and noise; (H, W, 3) uint8."""
    levels = np.linspace(0, 1, 256) ** _factor(vary.light**0.7, rng)
    table = levels * 255 * _factor(vary.light, rng) + rng.uniform(-8, 8)
    image = cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8))
    if rng.random() < vary.blur:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.0))
    noisy = image.astype(np.float32)
    if rng.random() < 0.3:
        noisy *= _slope(image.shape[:2], vary.light - 1, rng)
    if rng.random() < 0.5:
        grain = rng.standard_normal(image.shape[:2], dtype=np.float32)
        noisy += grain[:, :, None] * rng.uniform(0, vary.noise)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _slope(hw: tuple[int, int], strength: float, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 1) float32, light rising across the picture in a random direction."""
    rows = np.linspace(-1, 1, hw[0], dtype=np.float32)[:, None] * rng.uniform(-1, 1)
    columns = np.linspace(-1, 1, hw[1], dtype=np.float32)[None] * rng.uniform(-1, 1)
    return (1 + strength * (rows + columns) / 2)[:, :, None].astype(np.float32)
