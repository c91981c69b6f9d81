"""The camera of a station, as its release says: followed between parts, opened until it works."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import structlog

from contracts import release
from contracts.causes import TriggerSource
from contracts.errors import CameraFailed
from ingest.ports import Camera, Shot
from runtime.process.clock import Clock

log = structlog.get_logger()

RETRY_AFTER_MS = 1000


class _Wanted(NamedTuple):
    camera: release.Camera
    may_be_quiet: bool


class StationCamera:
    """Holds one camera, or the reason why there is none."""

    def __init__(self, open_camera: Callable[[release.Camera, bool], Camera], clock: Clock) -> None:
        """``open_camera`` makes a camera from its settings, or raises CameraFailed.

        It is also told whether the camera may be quiet: something else fires it.
        """
        self._open_camera = open_camera
        self._clock = clock
        self._settings: _Wanted | None = None
        self._camera: Camera | None = None
        self._why_not = "no release"
        self._tried_at_ns: int | None = None

    def follow(self, active: release.Release | None) -> None:
        """Make the station's camera the one of this release; one that is the same stays open."""
        wanted = _wanted(active.config) if active else None
        if wanted != self._settings:
            self.close()
            self._settings = wanted
        if wanted is not None and self._camera is None and self._may_try():
            self._open(wanted)

    def capture(self) -> Shot:
        """The picture of the part that is there now. Raises CameraFailed."""
        if self._camera is None:
            raise CameraFailed(self._why_not)
        return self._camera.capture()

    def next_frame(self, wait_s: float) -> Shot | None:
        """The next frame in order; None where none comes in that time. Raises CameraFailed."""
        if self._camera is None:
            raise CameraFailed(self._why_not)
        return self._camera.next_frame(wait_s)

    def trouble(self) -> str:
        """Why no picture could be taken right now; empty when one could."""
        camera = self._camera
        return camera.trouble() if camera else self._why_not

    def close(self) -> None:
        """Give the device back."""
        if self._camera is not None:
            self._camera.close()
        self._camera = None
        self._settings = None
        self._tried_at_ns = None
        self._why_not = "no release"

    def _may_try(self) -> bool:
        now_ns = self._clock.now().monotonic_ns
        return self._tried_at_ns is None or now_ns - self._tried_at_ns >= RETRY_AFTER_MS * 10**6

    def _open(self, wanted: _Wanted) -> None:
        kind = wanted.camera.kind
        try:
            self._camera = self._open_camera(*wanted)
            log.info("camera_open", camera=kind)
        except CameraFailed as error:
            self._tried_at_ns = self._clock.now().monotonic_ns
            self._why_not = str(error)
            log.error("camera_does_not_open", camera=kind, reason=str(error))


def _wanted(config: release.StationConfig) -> _Wanted:
    """A camera that triggers and has no pace may be fired by a light barrier."""
    alone = config.trigger is TriggerSource.CAMERA and config.frames_per_s is None
    return _Wanted(config.camera, may_be_quiet=alone)
