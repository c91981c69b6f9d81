"""The camera of a station, as its release says: followed between parts, opened until it works."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import structlog

from contracts.camera import Camera, CameraConfig, CameraContext, Shot, camera_settings
from contracts.causes import TriggerSource
from contracts.errors import CameraFailed, UserError
from contracts.release import Release, StationConfig
from contracts.variables import hiding, variables_in
from ingest.cameras.hidden import HiddenCamera, failures_hidden
from runtime.process.clock import Clock

log = structlog.get_logger()

RETRY_AFTER_MS = 1000


class CameraOpener:
    """Opens the camera that a release names."""

    def __init__(
        self,
        images: Path | None,
        patience_s: float,
        clock: Clock,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """See ``CameraContext``; ``variables`` are those that a release may name, with values."""
        self._images = images
        self._patience_s = patience_s
        self._clock = clock
        self._variables = variables

    def __call__(self, config: CameraConfig, sets_pace: bool = False) -> Camera:
        """Open the camera; ``sets_pace`` if each of its frames is a part.

        Raises:
            CameraFailed: it is not installed, its options are wrong, a variable in them is not
                set, or it cannot be opened now.
        """
        hide = hiding(self._variables)
        with failures_hidden(hide):
            camera = self._opened(config, sets_pace)
        return HiddenCamera(camera, hide) if _names_variables(config) else camera

    def _opened(self, config: CameraConfig, sets_pace: bool) -> Camera:
        context = CameraContext(
            clock=self._clock,
            patience_s=self._patience_s,
            may_be_quiet=sets_pace,
            images=self._images,
        )
        try:
            settings = camera_settings(config, self._variables)
            if sets_pace and not settings.sets_pace:
                raise CameraFailed(f"camera {config.kind} needs frames_per_s: it sets no pace")
            return settings.open(context)
        except UserError as error:
            raise CameraFailed(str(error)) from error
        except CameraFailed:
            raise
        except Exception as error:  # it may be somebody else's; the other stations go on
            raise CameraFailed(f"camera {config.kind} cannot be opened: {error}") from error


class _Wanted(NamedTuple):
    camera: CameraConfig
    sets_pace: bool


class StationCamera:
    """Holds one camera, or the reason why there is none."""

    def __init__(self, open_camera: Callable[[CameraConfig, bool], Camera], clock: Clock) -> None:
        """``open_camera`` is a ``CameraOpener``."""
        self._open_camera = open_camera
        self._clock = clock
        self._settings: _Wanted | None = None
        self._camera: Camera | None = None
        self._why_not = "no release"
        self._tried_at_ns: int | None = None

    def follow(self, active: Release | None) -> None:
        """Change to the camera of this release; the same camera stays open."""
        wanted = _wanted(active.config) if active else None
        if wanted != self._settings:
            self.close()
            self._settings = wanted
        if wanted is not None and self._camera is None and self._may_try():
            self._open(wanted)

    def capture(self) -> Shot:
        """Take a picture of the part that is there now. Raises CameraFailed."""
        if self._camera is None:
            raise CameraFailed(self._why_not)
        return self._camera.capture()

    def next_frame(self, wait_s: float) -> Shot | None:
        """Return the next frame in order, None if none comes in that time. Raises CameraFailed."""
        if self._camera is None:
            raise CameraFailed(self._why_not)
        return self._camera.next_frame(wait_s)

    def trouble(self) -> str:
        """Return why no picture could be taken right now; empty if one could."""
        camera = self._camera
        return camera.trouble() if camera else self._why_not

    def close(self) -> None:
        """Release the device."""
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


def _names_variables(config: CameraConfig) -> bool:
    return bool(variables_in(config.options))


def _wanted(config: StationConfig) -> _Wanted:
    alone = config.trigger is TriggerSource.CAMERA and config.frames_per_s is None
    return _Wanted(config.camera, sets_pace=alone)
