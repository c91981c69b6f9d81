"""Real defects moved to other parts: the rarest kinds are seen on many more surfaces."""

from __future__ import annotations

import cv2
import numpy as np

from inference.training.data.dataset import Part

BORDER_PX = 8
LARGEST_SIDE_PX = 160


def paste_defect(part: Part, donor: Part, kind: str, rng: np.random.Generator) -> Part:
    """Return the part with one small defect of the donor; unchanged if it does not fit."""
    cut = _cut_out(donor, kind, rng)
    if cut is None:
        return part
    pixels, mask = _vary(*cut, rng)
    height, width = mask.shape
    if height >= part.image.shape[0] or width >= part.image.shape[1] or not mask.any():
        return part
    top = int(rng.integers(part.image.shape[0] - height))
    left = int(rng.integers(part.image.shape[1] - width))
    window = np.s_[top : top + height, left : left + width]
    image = part.image.copy()
    image[window] = _blend(image[window], pixels, mask)
    whole = part.masks.get(kind, np.zeros(image.shape[:2], np.uint8)).copy()
    whole[window] |= mask
    return Part(part.line, part.name, image, {**part.masks, kind: whole})


def _cut_out(
    donor: Part, kind: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return one connected region with a border around it; None if it is too large to move."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(donor.masks[kind])
    chosen = int(rng.integers(1, count))
    left, top, width, height = (int(v) for v in stats[chosen][:4])
    if max(width, height) > LARGEST_SIDE_PX:
        return None
    rows = slice(max(0, top - BORDER_PX), top + height + BORDER_PX)
    columns = slice(max(0, left - BORDER_PX), left + width + BORDER_PX)
    mask = (labels[rows, columns] == chosen).astype(np.uint8) * 255
    return donor.image[rows, columns], mask


def _vary(
    pixels: np.ndarray, mask: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Turned, sized and mirrored; the frame grows so that nothing is cut off."""
    height, width = mask.shape
    size, angle = float(np.exp(rng.uniform(-0.35, 0.35))), rng.uniform(-25, 25)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, size)
    grown = int(np.ceil(np.hypot(height, width) * max(size, 1))) + 2
    matrix[:, 2] = matrix[:, 2] + grown / 2 - np.array([width / 2, height / 2])
    pixels = cv2.warpAffine(pixels, matrix, (grown, grown), borderMode=cv2.BORDER_REFLECT_101)
    mask = cv2.warpAffine(mask, matrix, (grown, grown))
    if rng.random() < 0.5:
        pixels, mask = pixels[:, ::-1], mask[:, ::-1]
    return np.ascontiguousarray(pixels), np.ascontiguousarray((mask > 127).astype(np.uint8) * 255)


def _blend(under: np.ndarray, pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The defect at the light of its new place: ratios to the surroundings are kept."""
    near = cv2.dilate(mask, np.ones((7, 7), np.uint8))
    ring = (near > 0) & (mask == 0)
    here = under[ring].mean() if ring.any() else under.mean()
    there = pixels[ring].mean() if ring.any() else pixels.mean()
    lit = np.clip(pixels.astype(np.float32) * (here / max(float(there), 1.0)), 0, 255)
    alpha = cv2.GaussianBlur(near.astype(np.float32) / 255, (0, 0), 1.5)[:, :, None]
    return (under * (1 - alpha) + lit * alpha).astype(np.uint8)
