"""What becomes of a part: a frame to be inspected, or a verdict that says why there is no frame."""

from __future__ import annotations

import uuid
from collections import deque

import structlog

from contracts.camera import Shot
from contracts.causes import Cause, Decision
from contracts.errors import RefereeError, ServerFull, Unavailable
from contracts.identity import Stamp
from contracts.messages import FrameHeader, Trigger, Verdict
from contracts.release import Release
from ingest.metrics import CAPTURED, FRAMES_LOST, FRAMES_WAITING, MISSED
from ingest.ports import Frames, VerdictRecorder
from runtime.process.clock import Clock

log = structlog.get_logger()

TIDY_EVERY_MS = 1000


class Refused(RefereeError):
    """This part gets no frame: the cause, and a sentence for people."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


class PartOutput:
    """Puts frames on the stream, and records ``no_verdict`` for each part without a frame."""

    def __init__(
        self,
        station: str,
        frames: Frames,
        outbox: VerdictRecorder,
        clock: Clock,
        greatest_backlog: int,
    ) -> None:
        """Beyond ``greatest_backlog`` uninspected frames a new one could not be in time."""
        self._station = station
        self._frames = frames
        self._outbox = outbox
        self._clock = clock
        self._greatest_backlog = greatest_backlog
        self._pending: deque[Verdict] = deque()
        self._tidied_at_ns = clock.now().monotonic_ns

    def hand_on(self, trigger: Trigger, shot: Shot, release: Release) -> None:
        """Put the part's frame on the stream.

        Raises:
            Refused: it cannot be inspected in time, or the stream takes nothing; call ``refuse``.
        """
        header = _frame_header(trigger, shot, release.release_id)
        try:
            waiting = self._frames.waiting()
            FRAMES_WAITING.labels(self._station).set(waiting)
            if waiting >= self._greatest_backlog:
                raise Refused(Cause.OVERLOAD, f"{waiting} frames are waiting for inspection")
            self._frames.put(header, shot.image)
        except ServerFull as error:
            raise Refused(Cause.OVERLOAD, str(error)) from error
        except Unavailable as error:
            raise Refused(Cause.FRAME_LOST, str(error)) from error
        CAPTURED.labels(self._station).inc()
        log.info("captured", part=str(trigger.part), source=shot.source, bytes=len(shot.image))

    def refuse(
        self, trigger: Trigger, refused: Refused, release: Release | None, shot: Shot | None
    ) -> None:
        """Keep a verdict that says why the part has no frame; ``settle`` records it."""
        MISSED.labels(self._station, refused.cause).inc()
        log.warning(
            "no_verdict", part=str(trigger.part), cause=refused.cause, detail=refused.detail
        )
        verdict = _refusal(
            trigger,
            refused.cause,
            refused.detail,
            at=self._clock.now(),
            release=release,
            shot=shot,
        )
        self._pending.append(verdict)

    def settle(self) -> None:
        """Record the pending verdicts. They stay pending while the journal is down.

        Raises:
            Unavailable, ServerFull: the journal cannot take them now.
        """
        while self._pending:
            self._outbox.record(self._pending[0])
            self._pending.popleft()

    def tidy_each_second(self) -> bool:
        """Delete finished frames once a second; return whether it did now."""
        now_ns = self._clock.now().monotonic_ns
        if now_ns - self._tidied_at_ns < TIDY_EVERY_MS * 10**6:
            return False
        self._tidied_at_ns = now_ns
        FRAMES_LOST.labels(self._station).inc(self._frames.tidy())
        return True


def _frame_header(trigger: Trigger, shot: Shot, release_id: str) -> FrameHeader:
    """Return all that is known of a part's frame, except its pixels."""
    return FrameHeader(
        part=trigger.part,
        part_id=trigger.part_id,
        encoder=trigger.encoder,
        started_at=trigger.started_at,
        captured_at=shot.captured_at,
        deadline_ms=trigger.deadline_ms,
        recipe=trigger.recipe,
        source=shot.source,
        release_id=release_id,
    )


def _refusal(
    trigger: Trigger,
    cause: Cause,
    detail: str,
    *,
    at: Stamp,
    release: Release | None,
    shot: Shot | None = None,
) -> Verdict:
    """Return the ``no_verdict`` of a part.

    Args:
        trigger: announced the part.
        cause: why there is no verdict.
        detail: the cause in a sentence, for people.
        at: the time of this decision.
        release: what the station looks for; None if it has no release.
        shot: the picture, if one was taken.
    """
    return Verdict(
        verdict_id=uuid.uuid4().hex,
        part=trigger.part,
        part_id=trigger.part_id,
        decision=Decision.NO_VERDICT,
        cause=cause,
        detail=detail,
        source=shot.source if shot else "",
        area_unit=release.config.area_unit if release else "px2",
        release_id=release.release_id if release else "",
        started_at=trigger.started_at,
        captured_at=shot.captured_at if shot else None,
        decided_at=at,
        deadline_ms=trigger.deadline_ms,
        timings_ms={"trigger_to_refusal": at.ms_since(trigger.started_at)},
    )
