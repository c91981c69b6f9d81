"""A USB or network camera: always read, so that a trigger gets the picture of now."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import cv2
import structlog
from cv2.typing import MatLike

from contracts.camera import Shot
from contracts.errors import CameraFailed
from contracts.identity import Stamp
from ingest.cameras.opencv_device import jpeg_of, open_device, without_credentials
from runtime.process.clock import Clock

log = structlog.get_logger()

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 5.0
KEPT_PICTURES = 16
"""Read and not asked for yet. More than that are lost to ``next_frame``, which says so."""


class Picture(NamedTuple):
    """What the reader saw; ``number`` counts since the camera was first opened."""

    pixels_bgr: MatLike
    read_at: Stamp
    number: int


class LiveStream:
    """Reads in a thread of its own; a stream that ends is opened again, for as long as it takes.

    Drivers and networks buffer: a picture that is only fetched at the trigger may be seconds old.
    So every picture is read as it comes, and a capture takes the first one that arrives after it.
    """

    def __init__(
        self,
        source: str,
        *,
        jpeg_quality: int,
        patience_s: float,
        clock: Clock,
        may_be_quiet: bool = False,
        open_device: Callable[[str], cv2.VideoCapture] = open_device,
    ) -> None:
        """Start reading.

        Args:
            source: USB index, or URL.
            jpeg_quality: 1 to 100.
            patience_s: longest wait for a picture after a trigger.
            clock: stamps a picture when its read has returned.
            may_be_quiet: it is fired by something else: once open it is in order, also before the
                first picture.
            open_device: opens the source.
        """
        self._source = source
        self._name = without_credentials(source)
        self._jpeg_quality = jpeg_quality
        self._patience_s = patience_s
        self._clock = clock
        self._may_be_quiet = may_be_quiet
        self._open_device = open_device
        self._news = threading.Condition()
        self._closed = threading.Event()
        self._recent: deque[Picture] = deque(maxlen=KEPT_PICTURES)
        self._count = 0
        self._asked_up_to: int | None = None
        self._trouble = f"{self._name} has given no picture yet"
        self._reader = threading.Thread(target=self._keep_reading, name="camera", daemon=True)
        self._reader.start()

    def capture(self) -> Shot:
        """The first picture that arrives after this call, as JPEG. Raises CameraFailed."""
        return self._shot(self._next_picture())

    def next_frame(self, wait_s: float) -> Shot | None:
        """The next picture in order, as JPEG; None where none comes in that time."""
        with self._news:
            if self._asked_up_to is None:
                self._asked_up_to = self._count
            first = self._asked_up_to
            if not self._news.wait_for(lambda: self._count > first, wait_s):
                return None
            picture = next(each for each in self._recent if each.number >= first)
            self._asked_up_to = picture.number + 1
        return self._shot(picture)._replace(lost_before=picture.number - first)

    def _shot(self, picture: Picture) -> Shot:
        data = jpeg_of(picture.pixels_bgr, self._jpeg_quality)
        return Shot(data, picture.read_at, f"opencv:{self._name}#{picture.number}")

    def trouble(self) -> str:
        """Why no picture comes; empty while they do."""
        return self._trouble

    def close(self) -> None:
        """Stop reading. The device is released when its current read returns."""
        self._closed.set()

    def _next_picture(self) -> Picture:
        with self._news:
            before = self._count
            arrived = self._news.wait_for(lambda: self._count > before, self._patience_s)
            if not arrived:
                waited = f"{self._name} gave no picture within {self._patience_s} s"
                raise CameraFailed(self._trouble or waited)
            return self._recent[-1]

    def _keep_reading(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while not self._closed.is_set():
            pictures_before = self._count
            try:
                self._read_until_it_ends()
            except CameraFailed as error:
                self._trouble = str(error)
            if self._count > pictures_before:
                backoff_s = FIRST_BACKOFF_S
            log.warning("camera_lost", reason=self._trouble, again_in_s=backoff_s)
            self._closed.wait(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def _read_until_it_ends(self) -> None:
        device = self._open_device(self._source)
        if self._may_be_quiet:
            self._trouble = ""
        try:
            while not self._closed.is_set():
                there, pixels = device.read()
                if not there:
                    raise CameraFailed(f"{self._name} ended")
                self._publish(pixels)
        except cv2.error as error:
            raise CameraFailed(f"{self._name}: {error}") from error
        finally:
            device.release()

    def _publish(self, pixels: MatLike) -> None:
        read_at = self._clock.now()  # after the blocking read, else the wait looks like age
        with self._news:
            self._recent.append(Picture(pixels, read_at, self._count))
            self._count += 1
            self._trouble = ""
            self._news.notify_all()
