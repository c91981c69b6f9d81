"""From a camera's settings to the camera."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from contracts import release
from contracts.errors import CameraFailed
from ingest.cameras.live import LiveStream
from ingest.cameras.opencv import (
    QUIET_READ_TIMEOUT_MS,
    READ_TIMEOUT_MS,
    VideoFile,
    open_device,
)
from ingest.cameras.replay import ReplayFolder
from ingest.cameras.simulated import SimulatedSurface
from ingest.ports import Camera
from runtime.process.clock import Clock


class CameraOpener:
    """Opens cameras.

    Attributes:
        images: folder that every replay camera shows instead of its own.
        patience_s: longest wait of a live camera for a picture.
        clock: stamps the captures.
    """

    def __init__(self, images: Path | None, patience_s: float, clock: Clock) -> None:
        self.images = images
        self.patience_s = patience_s
        self.clock = clock

    def __call__(self, settings: release.Camera, may_be_quiet: bool = False) -> Camera:
        """The camera that the settings describe; a live one ``may_be_quiet`` where a light barrier
        fires it. Raises CameraFailed where it is not there."""
        match settings:
            case release.ReplayCamera():
                return self._replay(settings)
            case release.SimulatedCamera():
                return self._simulated(settings)
            case release.OpenCvCamera():
                return self._opencv(settings, may_be_quiet)

    def _replay(self, settings: release.ReplayCamera) -> ReplayFolder:
        folder = self.images or settings.folder
        if folder is None:
            raise CameraFailed("the replay camera has no folder: give `folder`, or `--images DIR`")
        return ReplayFolder(
            Path(folder),
            seed=settings.seed,
            repeat=settings.repeat,
            split=settings.split,
            clock=self.clock,
        )

    def _simulated(self, settings: release.SimulatedCamera) -> SimulatedSurface:
        return SimulatedSurface(
            seed=settings.seed,
            defect_share=settings.defect_share,
            size_px=(settings.width_px, settings.height_px),
            clock=self.clock,
        )

    def _opencv(self, settings: release.OpenCvCamera, may_be_quiet: bool) -> VideoFile | LiveStream:
        if not settings.is_live:
            return VideoFile(settings.source, jpeg_quality=settings.jpeg_quality, clock=self.clock)
        timeout_ms = QUIET_READ_TIMEOUT_MS if may_be_quiet else READ_TIMEOUT_MS
        return LiveStream(
            settings.source,
            jpeg_quality=settings.jpeg_quality,
            patience_s=self.patience_s,
            clock=self.clock,
            may_be_quiet=may_be_quiet,
            open_device=partial(open_device, read_timeout_ms=timeout_ms),
        )
