"""Cameras that OpenCV reads: a video file picture by picture, a USB or network camera live."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import cv2
from cv2.typing import MatLike

from contracts.errors import CameraFailed
from ingest.ports import Shot
from runtime.process.clock import Clock

OPEN_TIMEOUT_MS = 3000
READ_TIMEOUT_MS = 2000
"""A network camera that gives nothing for so long is opened again."""
QUIET_READ_TIMEOUT_MS = 60_000
"""The same for one that a light barrier fires: the belt may stand."""


def is_network(source: str) -> bool:
    """Whether the source is a URL."""
    return "://" in source


def without_credentials(source: str) -> str:
    """The source as it may be written into logs and messages."""
    if not is_network(source):
        return source
    parts = urlsplit(source)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def open_device(source: str, read_timeout_ms: int = READ_TIMEOUT_MS) -> cv2.VideoCapture:
    """An open device; a network camera that gives nothing for ``read_timeout_ms`` ends.

    Raises:
        CameraFailed: it does not open.
    """
    if is_network(source):
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
    """A (H, W, 3) uint8 BGR image as JPEG.

    Raises:
        CameraFailed: it cannot be encoded.
    """
    failure = f"a picture of shape {pixels_bgr.shape} cannot be encoded as JPEG"
    try:
        written, data = cv2.imencode(".jpg", pixels_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise CameraFailed(f"{failure}: {error}") from error
    if not written:
        raise CameraFailed(failure)
    return data.tobytes()


class VideoFile:
    """Serves the next picture of a video file at each capture, and starts over at its end."""

    def __init__(self, path: str, *, jpeg_quality: int, clock: Clock) -> None:
        """Open the file. Raises CameraFailed where it is none or no video."""
        if not Path(path).is_file():
            raise CameraFailed(f"there is no video file {path}")
        self._path = path
        self._jpeg_quality = jpeg_quality
        self._clock = clock
        self._device = open_device(path)
        self._number = 0

    def capture(self) -> Shot:
        """The next picture as JPEG. Raises CameraFailed where the file gives none."""
        pixels = self._read() if self._device.isOpened() else None
        if pixels is None:
            self._start_over()
            pixels = self._read()
        if pixels is None:
            raise CameraFailed(f"{self._path} gives no picture")
        captured_at = self._clock.now()
        source = f"opencv:{self._path}#{self._number}"
        self._number += 1
        return Shot(jpeg_of(pixels, self._jpeg_quality), captured_at, source)

    def next_frame(self, wait_s: float) -> Shot:
        """As ``capture``: no frame comes by itself."""
        return self.capture()

    def trouble(self) -> str:
        """That it could not be opened again, where that is so."""
        return "" if self._device.isOpened() else f"{self._path} does not open"

    def close(self) -> None:
        """Close the file."""
        self._device.release()

    def _read(self) -> MatLike | None:
        there, pixels = self._device.read()
        return pixels if there else None

    def _start_over(self) -> None:
        self._device.release()
        self._device = open_device(self._path)
        self._number = 0
