"""Outlines of painted defects."""

from __future__ import annotations

import cv2
import numpy as np


def blob(
    hw: tuple[int, int],
    centre_xy: np.ndarray,
    radii: np.ndarray,
    rng: np.random.Generator,
    turn: float | None = None,
) -> np.ndarray:
    """(H, W) uint8 mask of a lumpy ellipse, its first radius at ``turn`` (any, if not given)."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    lumps = 1 + sum(
        rng.uniform(-0.16, 0.16) * np.cos(k * angles + rng.uniform(0, 6.3)) for k in (2, 3, 5)
    )
    turn = rng.uniform(0, np.pi) if turn is None else turn
    across, along = radii[0] * lumps * np.cos(angles), radii[1] * lumps * np.sin(angles)
    x = centre_xy[0] + across * np.cos(turn) - along * np.sin(turn)
    y = centre_xy[1] + across * np.sin(turn) + along * np.cos(turn)
    mask = np.zeros(hw, np.uint8)
    cv2.fillPoly(mask, [np.stack([x, y], 1).round().astype(np.int32)], 255)
    return mask


def scrawl(
    hw: tuple[int, int],
    start_xy: np.ndarray,
    heading: float,
    length_px: float,
    thickness: int,
    rng: np.random.Generator,
    glyphs: bool = True,
) -> np.ndarray:
    """(H, W) uint8 mask of a stroke as a hand would make it: wandering, ragged, at times closed."""
    points, bend = [start_xy], rng.normal(0, 0.12)
    if glyphs and rng.random() < 0.2:
        bend = rng.choice([-1, 1]) * rng.uniform(0.5, 1.2)
    steps = max(1, round(length_px / 3))
    for _ in range(steps):
        heading += bend + rng.normal(0, 0.15)
        step = length_px / steps * np.array([np.cos(heading), np.sin(heading)])
        points.append(points[-1] + step)
    mask = np.zeros(hw, np.uint8)
    cv2.polylines(mask, [np.round(points).astype(np.int32)], False, 255, thickness)
    rough = rng.standard_normal(hw, dtype=np.float32) * rng.uniform(0, 60)
    ragged = cv2.GaussianBlur(mask.astype(np.float32) + rough, (0, 0), 0.7)
    return (ragged > 127).astype(np.uint8) * 255
