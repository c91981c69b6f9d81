"""Pictures to measure with: rendered parts as a camera would send them, in a folder to replay."""

from __future__ import annotations

from pathlib import Path

import cv2

from simulation.plates.render import render

SEED = 20_261
DEFECT_SHARE = 0.2
JPEG_QUALITY = 95
DIFFERENT = 48


def write_pictures(folder: Path, side_px: int) -> list[bytes]:
    """JPEG files of square parts, rendered beforehand so that no renderer is timed.

    They lie in MVTec AD layout; what a defect is does not matter to a clock.
    """
    good = folder / "train" / "good"
    good.mkdir(parents=True)
    encoded = []
    for index in range(DIFFERENT):
        part = render(SEED, index, side_px, side_px, DEFECT_SHARE)
        bgr = cv2.cvtColor(part.image, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        (good / f"{index:03}.jpg").write_bytes(data.tobytes())
        encoded.append(data.tobytes())
    return encoded
