"""Small pictures of parts with their findings outlined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from contracts.errors import BadImage

Pixels = npt.NDArray[Any]
"""BGR, 0 to 255, uint8, height x width x 3."""

DARK, BRIGHT, UNCOUNTED = (20, 20, 20), (60, 225, 255), (235, 235, 235)
"""BGR. The bright outline lies on a wider dark one, so it is visible on any surface."""

SMALLEST_VISIBLE_PX = 22
JPEG_QUALITY = 85


class Outline(NamedTuple):
    """A finding's boundary, (x, y) corners in sensor pixels, and whether it counted."""

    corners_px: tuple[tuple[int, int], ...]
    counted: bool


def thumbnail(
    encoded: bytes, outlines: Sequence[Outline], largest_xy_px: tuple[int, int] = (480, 360)
) -> bytes:
    """Return a JPEG that fits into ``largest_xy_px``, with the findings outlined.

    Findings that are too small to be seen at that size get a ring around them.

    Args:
        encoded: the picture as the camera gave it. Orientation tags are ignored, as they were
            when the outlines were found.

    Raises:
        BadImage: the bytes are not a picture.
    """
    picture = _decode(encoded)
    height, width = picture.shape[:2]
    scale = min(largest_xy_px[0] / width, largest_xy_px[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(
        picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    for outline in sorted(outlines, key=lambda each: each.counted):
        _draw(small, outline, scale)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def _decode(encoded: bytes) -> Pixels:
    if not encoded:
        raise BadImage("the file is empty")
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags)
    if picture is None:
        raise BadImage("the bytes are not a picture")
    return picture


def _draw(small: Pixels, outline: Outline, scale: float) -> None:
    if not outline.corners_px:
        return
    corners = np.array(outline.corners_px, np.float64) * scale
    closed = [np.round(corners).astype(np.int32)]
    colour = BRIGHT if outline.counted else UNCOUNTED
    for tint, thickness in ((DARK, 4), (colour, 2)):
        cv2.polylines(small, closed, True, tint, thickness, cv2.LINE_AA)
    if outline.counted and np.ptp(corners, axis=0).max() < SMALLEST_VISIBLE_PX:
        _ring(small, corners)


def _ring(small: Pixels, corners: npt.NDArray[np.float64]) -> None:
    x, y = np.round(corners.mean(axis=0)).astype(int).tolist()
    for tint, thickness in ((DARK, 4), (BRIGHT, 2)):
        cv2.circle(small, (x, y), SMALLEST_VISIBLE_PX, tint, thickness, cv2.LINE_AA)
