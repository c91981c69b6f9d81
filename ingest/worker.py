"""One station: a trigger comes in, a frame goes out, or a verdict that says why there is none."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import structlog

from contracts.causes import Cause
from contracts.errors import CameraFailed, LinkDown, MalformedMessage, ServerFull
from contracts.identity import Stamp
from contracts.messages import Trigger, Verdict, parse
from contracts.release import Release
from ingest.answers import frame_header, refusal
from ingest.metrics import (
    CAPTURE_SECONDS,
    CAPTURED,
    FRAMES_LOST,
    FRAMES_WAITING,
    MISSED,
    REPEATED,
)
from ingest.ports import Frames, Releases, Shot, Triggers, VerdictRecorder
from ingest.station_camera import StationCamera
from runtime.clock import Clock
from runtime.streams import Entry

log = structlog.get_logger()

BLOCK_MS = 500
READ_AT_ONCE = 256
TIDY_EVERY_MS = 1000
ORPHANED_AFTER_MS = 1000
ORPHANS_AT_ONCE = 100


class Limits(NamedTuple):
    """What is too late and what is too much.

    Attributes:
        greatest_age_ms: no picture is taken so long after its trigger, also of the newest part.
        greatest_backlog: uninspected frames beyond which a new one could not be in time.
    """

    greatest_age_ms: float
    greatest_backlog: int


class Refused(Exception):
    """This part gets no frame: the cause, and a sentence for people."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause, self.detail = cause, detail


class StationWorker:
    """Serves one station.

    A trigger is for now. It is acknowledged before the capture and never captured a second time,
    and of several that wait only the newest is captured: that part is in front of the camera, and
    its picture would clear another one. The newest is always captured, however short of time the
    machine is.
    """

    def __init__(
        self,
        station: str,
        *,
        triggers: Triggers,
        frames: Frames,
        outbox: VerdictRecorder,
        dead_letter: Callable[[Entry, str], None],
        releases: Releases,
        camera: StationCamera,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._station, self._triggers, self._frames = station, triggers, frames
        self._outbox, self._dead_letter, self._releases = outbox, dead_letter, releases
        self._camera, self._clock, self._limits = camera, clock, limits
        self._waiting: list[Trigger] = []
        self._newest: tuple[int, int] | None = None
        self._owed: deque[Verdict] = deque()
        self._tidied_at_ns = clock.now().monotonic_ns

    def step(self) -> None:
        """Serve the triggers that wait, or notice that none came. Raises LinkDown, ServerFull."""
        self._settle()
        self._camera.follow(self._releases.active(self._station))
        self._tidy_now_and_then()
        self._look_for_triggers(0 if self._waiting else BLOCK_MS)
        if not self._waiting:
            return
        *overtaken, newest = self._waiting
        self._waiting = []
        release = self._releases.active(self._station)
        with CAPTURE_SECONDS.labels(self._station).time():
            self._serve(newest, release)
        for trigger in overtaken:
            self._refuse(trigger, _overtaken(newest, "its picture was taken"), release, None)
        self._settle()

    def trouble(self) -> str:
        """Why the station is not ready; empty when it is."""
        return self._camera.trouble()

    def close(self) -> None:
        """Give the camera back."""
        self._camera.close()

    def _look_for_triggers(self, block_ms: int) -> None:
        """Acknowledge all that wait in Redis and keep them, in order."""
        while entries := self._triggers.read(READ_AT_ONCE, block_ms):
            self._waiting += filter(self._is_new, self._acknowledged(*entries))
            if len(entries) < READ_AT_ONCE:
                return
            block_ms = 0

    def _is_new(self, trigger: Trigger) -> bool:
        """False for one that was written twice: its second picture would show another part."""
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
                raise Refused(Cause.NO_RELEASE, "nobody told the station what a defect is")
            release = release.of_recipe(trigger.recipe)
            if release is None:
                raise Refused(Cause.NO_RELEASE, f"the release has no recipe {trigger.recipe}")
            self._demand_in_time(trigger, self._clock.now(), "the trigger arrived")
            shot = self._capture(release)
            self._demand_in_time(trigger, shot.captured_at, "the picture was taken")
            self._demand_still_there(shot)
            self._hand_on(trigger, shot, release)
        except Refused as refused:
            self._refuse(trigger, refused, release, shot)

    def _acknowledged(self, *entries: Entry) -> list[Trigger]:
        """The triggers, acknowledged; an entry that is none goes to the dead letters first."""
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
        limit_ms = min(self._limits.greatest_age_ms, trigger.deadline_ms)
        age_ms = at.ms_since(trigger.started_at)
        if age_ms > limit_ms:
            detail = (
                f"{what} {age_ms:.0f} ms after the part's clock started, {limit_ms:.0f} at most"
            )
            raise Refused(Cause.MISSED_CAPTURE, detail)

    def _demand_still_there(self, shot: Shot) -> None:
        """The part's successor may have come between its trigger and its picture."""
        try:
            self._look_for_triggers(block_ms=0)
        except LinkDown as error:
            raise Refused(Cause.FRAME_LOST, str(error)) from error
        for newer in self._waiting:
            if shot.captured_at.ns_since(newer.started_at) > 0:
                raise _overtaken(newer, "the picture was taken")

    def _hand_on(self, trigger: Trigger, shot: Shot, release: Release) -> None:
        header = frame_header(trigger, shot, release.release_id)
        try:
            waiting = self._frames.waiting()
            FRAMES_WAITING.labels(self._station).set(waiting)
            if waiting >= self._limits.greatest_backlog:
                raise Refused(Cause.OVERLOAD, f"{waiting} frames wait to be inspected")
            self._frames.put(header, shot.image)
        except ServerFull as error:
            raise Refused(Cause.OVERLOAD, str(error)) from error
        except LinkDown as error:
            raise Refused(Cause.FRAME_LOST, str(error)) from error
        CAPTURED.labels(self._station).inc()
        log.info("captured", part=str(trigger.part), source=shot.source, bytes=len(shot.image))

    def _refuse(
        self, trigger: Trigger, refused: Refused, release: Release | None, shot: Shot | None
    ) -> None:
        MISSED.labels(self._station, refused.cause).inc()
        log.warning(
            "no_verdict", part=str(trigger.part), cause=refused.cause, detail=refused.detail
        )
        verdict = refusal(
            trigger,
            refused.cause,
            refused.detail,
            at=self._clock.now(),
            release=release,
            shot=shot,
        )
        self._owed.append(verdict)

    def _settle(self) -> None:
        """Record the verdicts that are owed; while the journal is down they stay owed."""
        while self._owed:
            self._outbox.record(self._owed[0])
            self._owed.popleft()

    def _tidy_now_and_then(self) -> None:
        now_ns = self._clock.now().monotonic_ns
        if now_ns - self._tidied_at_ns < TIDY_EVERY_MS * 10**6:
            return
        self._tidied_at_ns = now_ns
        FRAMES_LOST.labels(self._station).inc(self._frames.tidy())
        self._refuse_orphans()

    def _refuse_orphans(self) -> None:
        """Triggers that a process read and did not live to acknowledge: answered, not captured."""
        for entry in self._triggers.reclaim(ORPHANED_AFTER_MS, ORPHANS_AT_ONCE):
            for trigger in self._acknowledged(entry):
                detail = "ingest ended between reading the trigger and the capture"
                release = self._releases.active(self._station)
                self._refuse(trigger, Refused(Cause.MISSED_CAPTURE, detail), release, None)
            self._settle()


def _overtaken(by: Trigger, before: str) -> Refused:
    detail = f"part {by.part} came before {before}: the camera shows a later part"
    return Refused(Cause.MISSED_CAPTURE, detail)
