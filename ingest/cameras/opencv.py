"""A camera that OpenCV reads: a USB or network camera live, a video file picture by picture."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cv2.typing import MatLike
from pydantic import Field

from contracts.camera import Camera, CameraContext, CameraSettings, Shot
from contracts.errors import CameraFailed
from ingest.cameras.live import LiveStream
from ingest.cameras.opencv_device import (
    QUIET_READ_TIMEOUT_MS,
    READ_TIMEOUT_MS,
    is_url,
    jpeg_of,
    open_device,
)
from runtime.process.clock import Clock


class OpenCvCamera(CameraSettings):
    """A USB camera, a network stream or a video file."""

    source: Annotated[str, Field(title="Path, USB index such as 0, or rtsp:// URL")]
    jpeg_quality: Annotated[int, Field(ge=1, le=100, title="JPEG quality of the frames")] = 95

    @property
    def sets_pace(self) -> bool:
        """Whether the source is live: a USB index or a URL, not a file."""
        return self.source.isdecimal() or is_url(self.source)

    @property
    def files(self) -> tuple[str, ...]:
        """The video file, if the source is one."""
        return () if self.sets_pace else ("source",)

    def check_files(self, images: Path | None) -> None:
        """Raise CameraFailed if the source is a video file that does not exist."""
        if not self.sets_pace:
            check_video_file(self.source)

    def open(self, context: CameraContext) -> Camera:
        """Open the device or the file. Raises CameraFailed."""
        if not self.sets_pace:
            return VideoFile(self.source, jpeg_quality=self.jpeg_quality, clock=context.clock)
        timeout_ms = QUIET_READ_TIMEOUT_MS if context.may_be_quiet else READ_TIMEOUT_MS
        return LiveStream(
            self.source,
            jpeg_quality=self.jpeg_quality,
            patience_s=context.patience_s,
            clock=context.clock,
            may_be_quiet=context.may_be_quiet,
            open_device=partial(open_device, read_timeout_ms=timeout_ms),
        )


def check_video_file(path: str) -> None:
    """Raise CameraFailed if there is no file or device at this path."""
    if not Path(path).exists() or Path(path).is_dir():
        raise CameraFailed(f"there is no video file {path}")


class VideoFile:
    """Returns the next picture of a video file at each capture; after the last, the first again."""

    def __init__(self, path: str, *, jpeg_quality: int, clock: Clock) -> None:
        """Open the file. Raises CameraFailed if it does not exist or is not a video."""
        check_video_file(path)
        self._path = path
        self._jpeg_quality = jpeg_quality
        self._clock = clock
        self._device = open_device(path)
        self._number = 0

    def capture(self) -> Shot:
        """Return the next picture as JPEG. Raises CameraFailed if the file gives none."""
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
        """Return what ``capture`` returns: a file sets no pace."""
        return self.capture()

    def trouble(self) -> str:
        """Return that the file could not be opened again; empty if it is open."""
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
