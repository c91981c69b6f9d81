"""A station whose camera triggers: each frame is a part."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from contracts.camera import Shot
from contracts.errors import CameraFailed
from contracts.messages import CaptureNotice, Trigger
from contracts.release import Release, StationConfig
from ingest.metrics import NOT_CAPTURED
from ingest.output import PartOutput, Refused
from ingest.ports import Notices, Numbers
from ingest.station_camera import StationCamera
from runtime.process.clock import Clock

log = structlog.get_logger()

WAIT_S = 0.5
PART_IDS = 2**32
LONGEST_WAIT_S = 0.5


class Pace:
    """Sets when the next frame is due. A frame that comes late moves those after it."""

    def __init__(self, clock: Clock, sleep: Callable[[float], object]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._due_ns = 0

    def wait(self, frames_per_s: float) -> bool:
        """Wait for the next frame, half a second at most; return whether it is due."""
        ahead_s = (self._due_ns - self._clock.now().monotonic_ns) / 1e9
        if ahead_s > LONGEST_WAIT_S:
            self._sleep(LONGEST_WAIT_S)
            return False
        self._sleep(max(0.0, ahead_s))
        begun_ns = max(self._due_ns, self._clock.now().monotonic_ns)
        self._due_ns = begun_ns + round(1e9 / frames_per_s)
        return True


class FrameParts:
    """Numbers each frame durably, announces it to the bridge, then puts it on the stream.

    In this order the bridge knows a part before its verdict can arrive, and a part that got a
    number and nothing else shows as a gap. So does a frame that the camera lost.
    """

    def __init__(
        self,
        station: str,
        *,
        camera: StationCamera,
        numbers: Numbers,
        notices: Notices,
        output: PartOutput,
        clock: Clock,
        sleep: Callable[[float], object],
    ) -> None:
        """``sleep`` waits for a number of seconds."""
        self._station = station
        self._camera = camera
        self._output = output
        self._numbers = numbers
        self._notices = notices
        self._pace = Pace(clock, sleep)
        self._serves = False

    def step(self, release: Release) -> None:
        """Serve the next frame, if it comes soon. Raises Unavailable, ServerFull, CameraFailed."""
        self._begin()
        self._output.settle()
        self._output.tidy_each_second()
        self._camera.follow(release)
        shot = self._next_frame(release.config)
        if shot is not None:
            self._serve(shot, release)
            self._output.settle()

    def rest(self) -> None:
        """End the epoch: the PLC numbers the parts from now on. Raises Unavailable, ServerFull."""
        if self._serves:
            self._numbers.end_epoch()
            self._serves = False

    def _begin(self) -> None:
        if not self._serves:
            self._numbers.resume()
            self._serves = True

    def _next_frame(self, config: StationConfig) -> Shot | None:
        if config.frames_per_s is None:
            shot = self._camera.next_frame(WAIT_S)
            self._lose(shot.lost_before if shot else 0)
            return shot
        return self._paced_frame() if self._pace.wait(config.frames_per_s) else None

    def _paced_frame(self) -> Shot | None:
        """Take a frame. One that fails counts as lost; if the camera itself failed, raise."""
        try:
            return self._camera.capture()
        except CameraFailed as error:
            if self._camera.trouble():
                raise
            log.warning("frame_lost", station=self._station, reason=str(error))
            self._lose(1)
            return None

    def _lose(self, frames: int) -> None:
        if frames:
            NOT_CAPTURED.labels(self._station).inc(frames)
            self._numbers.lose(frames)

    def _serve(self, shot: Shot, release: Release) -> None:
        part = self._numbers.next()
        trigger = Trigger(
            part=part,
            part_id=part.trigger_seq % PART_IDS,
            started_at=shot.captured_at,
            deadline_ms=release.config.deadline_ms,
        )
        self._notices.announce(
            CaptureNotice(
                part=part,
                part_id=trigger.part_id,
                captured_at=shot.captured_at,
                deadline_ms=trigger.deadline_ms,
            )
        )
        try:
            self._output.hand_on(trigger, shot, release)
        except Refused as refused:
            self._output.refuse(trigger, refused, release, shot)
