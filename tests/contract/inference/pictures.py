"""Pictures whose answer the tiny network makes known: dark is good, bright is a defect."""

from __future__ import annotations

import cv2
import numpy as np


def dark(height: int = 150, width: int = 203) -> np.ndarray:
    return np.full((height, width, 3), 40, np.uint8)


def with_spot(height: int = 150, width: int = 203) -> np.ndarray:
    """A bright spot of 40 x 40 px at x 60, y 40."""
    picture = dark(height, width)
    picture[40:80, 60:100] = 230
    return picture


def png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()
