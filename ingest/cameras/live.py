"""A USB or network camera: read all the time, so that a trigger gets a fresh picture."""

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
"""Pictures kept for ``next_frame``. It counts those that were overwritten before it was called."""


class Picture(NamedTuple):
    """A picture that the reader got; ``number`` counts since the camera was first opened."""

    pixels_bgr: MatLike
    read_at: Stamp
    number: int


class RecentPictures:
    """The last pictures of a camera: one thread adds, others wait for them."""

    def __init__(self, kept: int) -> None:
        self._arrived = threading.Condition()
        self._kept: deque[Picture] = deque(maxlen=kept)
        self._count = 0

    @property
    def count(self) -> int:
        """Number of pictures so far, which is the number of the next one."""
        return self._count

    def add(self, pixels: MatLike, read_at: Stamp) -> None:
        """Keep a picture; the oldest one goes if there are too many."""
        with self._arrived:
            self._kept.append(Picture(pixels, read_at, self._count))
            self._count += 1
            self._arrived.notify_all()

    def first_from(self, number: int, wait_s: float) -> Picture | None:
        """Return the first kept picture with this number or a higher one, None if none comes."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: self._count > number, wait_s):
                return None
            return next(each for each in self._kept if each.number >= number)


class LiveStream:
    """Reads in a thread of its own. A stream that ends is opened again until that succeeds.

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
            may_be_quiet: something else fires the camera: once it is open it is in order, even
                before the first picture.
            open_device: opens the source.
        """
        self._source = source
        self._name = without_credentials(source)
        self._jpeg_quality = jpeg_quality
        self._patience_s = patience_s
        self._clock = clock
        self._may_be_quiet = may_be_quiet
        self._open_device = open_device
        self._closed = threading.Event()
        self._recent = RecentPictures(KEPT_PICTURES)
        self._next_number: int | None = None
        self._trouble = f"{self._name} has given no picture yet"
        self._reader = threading.Thread(target=self._keep_reading, name="camera", daemon=True)
        self._reader.start()

    def capture(self) -> Shot:
        """Return the first picture that arrives after this call, as JPEG. Raises CameraFailed."""
        picture = self._recent.first_from(self._recent.count, self._patience_s)
        if picture is None:
            waited = f"{self._name} gave no picture within {self._patience_s} s"
            raise CameraFailed(self._trouble or waited)
        return self._shot(picture)

    def next_frame(self, wait_s: float) -> Shot | None:
        """Return the next picture in order, as JPEG, or None if none comes in that time."""
        if self._next_number is None:
            self._next_number = self._recent.count
        wanted = self._next_number
        picture = self._recent.first_from(wanted, wait_s)
        if picture is None:
            return None
        self._next_number = picture.number + 1
        return self._shot(picture)._replace(lost_before=picture.number - wanted)

    def _shot(self, picture: Picture) -> Shot:
        data = jpeg_of(picture.pixels_bgr, self._jpeg_quality)
        return Shot(data, picture.read_at, f"opencv:{self._name}#{picture.number}")

    def trouble(self) -> str:
        """Return why no picture comes; empty while pictures come."""
        return self._trouble

    def close(self) -> None:
        """Stop reading. The device is released when its current read returns."""
        self._closed.set()

    def _keep_reading(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while not self._closed.is_set():
            pictures_before = self._recent.count
            try:
                self._read_until_the_end()
            except CameraFailed as error:
                self._trouble = str(error)
            if self._recent.count > pictures_before:
                backoff_s = FIRST_BACKOFF_S
            log.warning("camera_lost", reason=self._trouble, again_in_s=backoff_s)
            self._closed.wait(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def _read_until_the_end(self) -> None:
        device = self._open_device(self._source)
        if self._may_be_quiet:
            self._trouble = ""
        try:
            while not self._closed.is_set():
                there, pixels = device.read()
                if not there:
                    raise CameraFailed(f"{self._name} ended")
                read_at = self._clock.now()  # after the read: the wait is not age
                self._trouble = ""
                self._recent.add(pixels, read_at)
        except cv2.error as error:
            raise CameraFailed(f"{self._name}: {error}") from error
        finally:
            device.release()
