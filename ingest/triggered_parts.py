"""A station that the PLC triggers: each trigger gets a frame, or a verdict that says why not."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from contracts.camera import Shot
from contracts.causes import Cause
from contracts.errors import CameraFailed, MalformedMessage, Unavailable
from contracts.identity import Stamp
from contracts.messages import Trigger
from contracts.parsing import parse
from contracts.release import Release
from ingest.metrics import (
    CAPTURE_SECONDS,
    REPEATED,
)
from ingest.output import PartOutput, Refused
from ingest.ports import Releases, Triggers
from ingest.station_camera import StationCamera
from runtime.messaging.streams import Entry
from runtime.process.clock import Clock

log = structlog.get_logger()

BLOCK_MS = 500
READ_AT_ONCE = 256
ORPHANED_AFTER_MS = 1000
ORPHANS_AT_ONCE = 100


class TriggeredParts:
    """Serves one station.

    A trigger asks for a picture now. It is acknowledged before the capture, so it is never captured
    twice. If several triggers wait, only the newest is captured, because that part is in front of
    the camera: its picture must not clear another part. The newest is always tried, even on a busy
    machine.
    """

    def __init__(
        self,
        station: str,
        *,
        triggers: Triggers,
        output: PartOutput,
        dead_letter: Callable[[Entry, str], None],
        releases: Releases,
        camera: StationCamera,
        clock: Clock,
        greatest_age_ms: float,
    ) -> None:
        """A trigger older than ``greatest_age_ms`` gets no picture, even if it is the newest."""
        self._station = station
        self._triggers = triggers
        self._output = output
        self._dead_letter = dead_letter
        self._releases = releases
        self._camera = camera
        self._clock = clock
        self._greatest_age_ms = greatest_age_ms
        self._waiting: list[Trigger] = []
        self._newest: tuple[int, int] | None = None

    def step(self) -> None:
        """Serve the triggers that come within half a second. Raises Unavailable, ServerFull."""
        self._output.settle()
        self._camera.follow(self._releases.active(self._station))
        if self._output.tidy_each_second():
            self._refuse_orphans()
        self._look_for_triggers(0 if self._waiting else BLOCK_MS)
        if not self._waiting:
            return
        *overtaken, newest = self._waiting
        self._waiting = []
        release = self._releases.active(self._station)
        with CAPTURE_SECONDS.labels(self._station).time():
            self._serve(newest, release)
        for trigger in overtaken:
            overtaking = _overtaken(newest, "its picture was taken")
            self._output.refuse(trigger, overtaking, release, None)
        self._output.settle()

    def _look_for_triggers(self, block_ms: int) -> None:
        """Read and acknowledge all triggers in Redis, and keep them in order."""
        while entries := self._triggers.read(READ_AT_ONCE, block_ms):
            self._waiting += filter(self._is_new, self._acknowledged(*entries))
            if len(entries) < READ_AT_ONCE:
                return
            block_ms = 0

    def _is_new(self, trigger: Trigger) -> bool:
        """Return False for a repeated trigger: a second picture would show another part."""
        place = (trigger.part.epoch, trigger.part.trigger_seq)
        if self._newest is not None and place <= self._newest:
            REPEATED.labels(self._station).inc()
            log.warning("trigger_repeated", part=str(trigger.part))
            return False
        self._newest = place
        return True

    def _serve(self, trigger: Trigger, release: Release | None) -> None:
        shot: Shot | None = None
        try:
            if release is None:
                raise Refused(Cause.NO_RELEASE, "the station has no release")
            release = release.of_recipe(trigger.recipe)
            if release is None:
                raise Refused(Cause.NO_RELEASE, f"the release has no recipe {trigger.recipe}")
            self._demand_in_time(trigger, self._clock.now(), "the trigger arrived")
            shot = self._capture(release)
            self._demand_in_time(trigger, shot.captured_at, "the picture was taken")
            self._demand_still_there(shot)
            self._output.hand_on(trigger, shot, release)
        except Refused as refused:
            self._output.refuse(trigger, refused, release, shot)

    def _acknowledged(self, *entries: Entry) -> list[Trigger]:
        """Acknowledge entries and return their triggers; one that is not valid is dead-lettered."""
        found = []
        for entry in entries:
            try:
                found.append(self._parsed(entry))
            except MalformedMessage as error:
                self._dead_letter(entry, error.reason)
        self._triggers.ack_and_delete(*entries)
        return found

    def _parsed(self, entry: Entry) -> Trigger:
        trigger = parse(Trigger, entry.fields.get(b"trigger", b""), entry.stream)
        if trigger.part.station != self._station:
            raise MalformedMessage(entry.stream, f"a trigger of {trigger.part.station}")
        return trigger

    def _capture(self, release: Release) -> Shot:
        self._camera.follow(release)
        try:
            return self._camera.capture()
        except CameraFailed as error:
            raise Refused(Cause.MISSED_CAPTURE, str(error)) from error

    def _demand_in_time(self, trigger: Trigger, at: Stamp, what: str) -> None:
        limit_ms = min(self._greatest_age_ms, trigger.deadline_ms)
        age_ms = at.ms_since(trigger.started_at)
        if age_ms > limit_ms:
            detail = (
                f"{what} {age_ms:.0f} ms after the part's clock started, {limit_ms:.0f} at most"
            )
            raise Refused(Cause.MISSED_CAPTURE, detail)

    def _demand_still_there(self, shot: Shot) -> None:
        """Refuse a picture that was taken after the next part's trigger: it may show that part."""
        try:
            self._look_for_triggers(block_ms=0)
        except Unavailable as error:
            raise Refused(Cause.FRAME_LOST, str(error)) from error
        for newer in self._waiting:
            if shot.captured_at.ns_since(newer.started_at) > 0:
                raise _overtaken(newer, "the picture was taken")

    def _refuse_orphans(self) -> None:
        """Answer triggers that a process read and did not acknowledge before it ended."""
        for entry in self._triggers.reclaim(ORPHANED_AFTER_MS, ORPHANS_AT_ONCE):
            for trigger in self._acknowledged(entry):
                detail = "ingest ended between reading the trigger and the capture"
                release = self._releases.active(self._station)
                refused = Refused(Cause.MISSED_CAPTURE, detail)
                self._output.refuse(trigger, refused, release, None)
            self._output.settle()


def _overtaken(by: Trigger, before: str) -> Refused:
    detail = f"part {by.part} came before {before}: the camera shows a later part"
    return Refused(Cause.MISSED_CAPTURE, detail)
