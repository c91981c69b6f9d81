"""A device that OpenCV opens, from its source: a USB index, a URL or a file."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import cv2
from cv2.typing import MatLike

from contracts.errors import CameraFailed

OPEN_TIMEOUT_MS = 3000
READ_TIMEOUT_MS = 2000
"""A network camera that gives no picture for this long is opened again."""
QUIET_READ_TIMEOUT_MS = 60_000
"""The same for a camera that a light barrier fires: the belt may be standing still."""


def is_url(source: str) -> bool:
    """Whether the source is a network camera."""
    return "://" in source


def without_credentials(source: str) -> str:
    """Return the source without user name and password, as logs and messages may show it."""
    if not is_url(source):
        return source
    parts = urlsplit(source)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def open_device(source: str, read_timeout_ms: int = READ_TIMEOUT_MS) -> cv2.VideoCapture:
    """Open a device. A read from a network camera fails after ``read_timeout_ms``.

    Raises:
        CameraFailed: the device cannot be opened.
    """
    if is_url(source):
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, read_timeout_ms]
        device = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
    elif source.isdecimal():
        device = cv2.VideoCapture(int(source))
        device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    else:
        device = cv2.VideoCapture(source)
    if not device.isOpened():
        device.release()
        raise CameraFailed(f"{without_credentials(source)} does not open")
    return device


def jpeg_of(pixels_bgr: MatLike, quality: int) -> bytes:
    """Encode a (H, W, 3) uint8 BGR image as JPEG.

    Raises:
        CameraFailed: the image cannot be encoded.
    """
    failure = f"a picture of shape {pixels_bgr.shape} cannot be encoded as JPEG"
    try:
        written, data = cv2.imencode(".jpg", pixels_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise CameraFailed(f"{failure}: {error}") from error
    if not written:
        raise CameraFailed(failure)
    return data.tobytes()
