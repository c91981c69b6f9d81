"""Draws findings on their picture, for people."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from contracts.messages import Finding
from contracts.polygon import Point

# Distinct with any colour vision, bright on metal and dark surfaces: Okabe and Ito.
COLOURS_RGB = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (213, 94, 0))
UNCOUNTED_RGB = (150, 150, 150)
REGION_RGB = (255, 255, 255)
FILL = 0.35
SMALLEST_SIDE_PX = 480


def draw_findings(
    image_rgb: np.ndarray,
    findings: Sequence[Finding],
    *,
    unit: str = "px2",
    region_of_interest: Sequence[Point] | None = None,
) -> np.ndarray:
    """Return a copy of the picture with each finding filled, outlined and named with its area.

    A colour for each prompt, grey for findings that do not count; a thin white line round the
    region of interest. A small picture is enlarged by a whole factor, so that text is legible.

    Args:
        image_rgb: (H, W, 3) uint8, sensor pixels.
        findings: in sensor pixels; one without an outline is drawn as its box.
        unit: of ``Finding.area``.
        region_of_interest: polygon, shares of width and height.

    Returns:
        (k H, k W, 3) uint8.
    """
    zoom = -(-SMALLEST_SIDE_PX // min(image_rgb.shape[:2]))
    canvas = np.repeat(np.repeat(image_rgb, zoom, axis=0), zoom, axis=1)
    names = list(dict.fromkeys(finding.prompt for finding in findings))
    if region_of_interest is not None:
        corners = np.array(region_of_interest) * (canvas.shape[1], canvas.shape[0])
        cv2.polylines(canvas, [corners.astype(np.int32)], True, REGION_RGB, 1, cv2.LINE_AA)
    for finding in reversed(findings):  # the largest of a prompt comes first and is drawn last
        colour = COLOURS_RGB[names.index(finding.prompt) % len(COLOURS_RGB)]
        _draw(canvas, finding, colour if finding.counted else UNCOUNTED_RGB, zoom, unit)
    return canvas


def _draw(
    canvas: np.ndarray, finding: Finding, colour: tuple[int, int, int], zoom: int, unit: str
) -> None:
    polygon = _polygon(finding, zoom)
    filled = canvas.copy()
    cv2.fillPoly(filled, [polygon], colour)
    cv2.addWeighted(filled, FILL, canvas, 1 - FILL, 0, dst=canvas)
    cv2.polylines(canvas, [polygon], True, colour, 2, cv2.LINE_AA)
    _name(canvas, f"{finding.prompt} {finding.area:.3g} {unit}", finding, zoom, colour)


def _polygon(finding: Finding, zoom: int) -> np.ndarray:
    """(K, 2) int32 on the canvas; outlines are pixel indices, so through the pixels' middles."""
    if len(finding.outline_px) >= 3:
        return ((np.array(finding.outline_px) + 0.5) * zoom).astype(np.int32)
    x0, y0, x1, y1 = (edge * zoom for edge in finding.box_xyxy_px)
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.int32)


def _name(
    canvas: np.ndarray, text: str, finding: Finding, zoom: int, colour: tuple[int, int, int]
) -> None:
    plain = text.encode("ascii", "replace").decode()  # OpenCV's fonts have nothing else
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.45
    (width, height), below = cv2.getTextSize(plain, font, scale, 1)
    x = int(np.clip(finding.box_xyxy_px[0] * zoom, 0, max(0, canvas.shape[1] - width)))
    y = max(height + 2, finding.box_xyxy_px[1] * zoom - 4)
    cv2.rectangle(canvas, (x, y - height - 2), (x + width, y + below), (0, 0, 0), cv2.FILLED)
    cv2.putText(canvas, plain, (x, y), font, scale, colour, 1, cv2.LINE_AA)
