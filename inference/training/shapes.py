"""Outlines of painted defects."""

from __future__ import annotations

import cv2
import numpy as np


def blob(
    hw: tuple[int, int], centre_xy: np.ndarray, radii: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(H, W) uint8 mask of a lumpy ellipse."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    lumps = 1 + sum(
        rng.uniform(-0.16, 0.16) * np.cos(k * angles + rng.uniform(0, 6.3)) for k in (2, 3, 5)
    )
    turn = rng.uniform(0, np.pi)
    across, along = radii[0] * lumps * np.cos(angles), radii[1] * lumps * np.sin(angles)
    x = centre_xy[0] + across * np.cos(turn) - along * np.sin(turn)
    y = centre_xy[1] + across * np.sin(turn) + along * np.cos(turn)
    mask = np.zeros(hw, np.uint8)
    cv2.fillPoly(mask, [np.stack([x, y], 1).round().astype(np.int32)], 255)
    return mask
