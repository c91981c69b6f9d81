"""The inference worker: pull a frame, perceive, decide, record. Every frame gets one answer.

A part that cannot be done before its deadline, by what the last ones took and how many are ahead
of it, is refused at once: inspected late it would only make the next one late. A part for which
the model is not there waits for it, as long as its own deadline allows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import structlog

from contracts.causes import Cause
from contracts.errors import BadImage, ModelRejected, ModelTooSlow, ModelUnavailable
from contracts.identity import Stamp
from contracts.messages import Verdict
from contracts.release import Release
from inference.deciding import no_verdict, verdict_of
from inference.findings import find
from inference.frames import Frame
from inference.metrics import ANOTHER_STANDS, STEP_SECONDS, VERDICTS
from inference.perception import Perception
from inference.ports import Frames, Model, Outbox, Releases
from inference.refused_pictures import RefusedPictures
from inference.service_time import ServiceTimes
from runtime.process.clock import Clock

log = structlog.get_logger()

RETRY_EVERY_MS = 20.0
RELEASE_PATIENCE_MS = 2000.0
NO_RELEASE = "the station has no release: nobody has described a defect yet"


class Limits(NamedTuple):
    """Bounds of the worker; see InferenceSettings. ``workers`` share the frames, this one too."""

    handover_ms: float
    greatest_deliveries: int
    greatest_skew_ms: float
    workers: int = 1


class Refusal(NamedTuple):
    """Why a part has no verdict."""

    cause: Cause
    detail: str


class InferenceWorker:
    """Inspects one frame at a time; run as many as the line needs, each in its own thread."""

    def __init__(
        self,
        stations: Sequence[str],
        *,
        frames: Frames,
        model: Model,
        releases: Releases,
        outbox: Outbox,
        clock: Clock,
        limits: Limits,
        turns: threading.Semaphore,
        pause: Callable[[float], object],
        pictures: RefusedPictures | None = None,
    ) -> None:
        """Wire the worker.

        Args:
            turns: shared by the workers of a process; see ``_turn``.
            pause: sleeps for seconds; returns true if the process has to end.
            pictures: hears which pictures could be inspected.
        """
        self._stations = tuple(stations)
        self._frames = frames
        self._model = model
        self._outbox = outbox
        self._releases = releases
        self._clock = clock
        self._limits = limits
        self._turns = turns
        self._pause = pause
        self._pictures = pictures or RefusedPictures()
        self._times = ServiceTimes()
        self._frame: Frame | None = None
        self._made: Verdict | None = None
        self._model_is_down = False
        self._began = clock.now()
        self._is_configured = False

    def step(self) -> None:
        """Answer the frame at hand.

        Raises:
            Unavailable, ServerFull: a verdict could not be recorded. It is kept, and recorded first
                when the step is repeated.
        """
        if not self._may_begin():
            self._pause(RETRY_EVERY_MS / 1e3)
            return
        self._frame = self._frame or self._frames.take(self._is_hopeless)
        if self._frame is not None:
            self._made = self._made or self._verdict(self._frame)
            self._record(self._frame, self._made)
            self._frame = self._made = None

    def _may_begin(self) -> bool:
        """Return false until the retained releases have had time to arrive after the start."""
        if not self._is_configured:
            waited_ms = self._clock.now().ms_since(self._began)
            known = all(self._releases.active(station) for station in self._stations)
            self._is_configured = known or waited_ms > RELEASE_PATIENCE_MS
        return self._is_configured

    def _verdict(self, frame: Frame) -> Verdict:
        began, header = self._clock.now(), frame.header
        active = self._releases.active(header.part.station)
        release = active and active.of_recipe(header.recipe)
        if release is None:
            detail = f"the release has no recipe {header.recipe}" if active else NO_RELEASE
            return self._no_verdict(frame, None, began, Refusal(Cause.NO_RELEASE, detail))
        refusal = self._refusal(frame, began)
        if refusal is not None:
            return self._no_verdict(frame, release, began, refusal)
        try:
            with self._turn(frame):
                return self._inspected(frame, release, began)
        except BadImage as error:
            self._pictures.refused(header.part.station, error.reason)
            refusal = Refusal(Cause.BAD_IMAGE, error.reason)
        except ModelTooSlow as error:
            refusal = Refusal(Cause.EXPIRED, str(error))
        except (ModelRejected, ModelUnavailable) as error:
            refusal = Refusal(Cause.MODEL_ERROR, str(error))
        return self._no_verdict(frame, release, began, refusal)

    def _no_verdict(
        self, frame: Frame, release: Release | None, began: Stamp, refusal: Refusal
    ) -> Verdict:
        at = self._clock.now()
        timings_ms = {
            "queue": began.ms_since(frame.header.captured_at),
            "total": at.ms_since(frame.header.started_at),
        }
        return no_verdict(frame, release, *refusal, at=at, timings_ms=timings_ms)

    def _refusal(self, frame: Frame, now: Stamp) -> Refusal | None:
        """Return why this part is not inspected at all, or None."""
        header, limits = frame.header, self._limits
        if frame.deliveries > limits.greatest_deliveries:
            reason = f"delivered {frame.deliveries - 1} times without a verdict"
            self._frames.dead_letter(frame, reason)
            return Refusal(Cause.MODEL_ERROR, reason)
        if now.ms_since(header.started_at) < -limits.greatest_skew_ms:
            ahead_ms = header.started_at.ms_since(now)
            return Refusal(Cause.CLOCK, f"the part began {ahead_ms:.0f} ms in the future")
        left_ms, needed_ms = self._left_ms(frame, now), self._needed_ms(frame)
        if left_ms > needed_ms:
            return None
        ahead_ms = self._ahead_ms(frame, now)
        if left_ms + ahead_ms > needed_ms:
            detail = (
                f"this clock is {ahead_ms:.0f} ms ahead of the camera's, {left_ms:.0f} ms were left"
            )
            return Refusal(Cause.CLOCK, detail)
        return self._out_of_time(frame, left_ms, needed_ms)

    def _ahead_ms(self, frame: Frame, now: Stamp) -> float:
        """Return how much older than possible a frame from another machine looks; else 0."""
        captured_at = frame.header.captured_at
        if captured_at.boot_id == now.boot_id:
            return 0.0
        return max(0.0, now.ms_since(captured_at) - self._frames.waited_ms(frame))

    def _out_of_time(self, frame: Frame, left_ms: float, needed_ms: float) -> Refusal:
        header = frame.header
        detail = f"{left_ms:.0f} ms were left, a part takes {needed_ms:.0f} ms"
        if frame.ahead:
            detail += f" with {frame.ahead} ahead of it"
        if frame.deliveries > 1:
            return Refusal(Cause.WORKER_LOST, f"its worker has died; {detail}")
        if self._began.ns_since(header.captured_at) > 0:
            return Refusal(Cause.WORKER_LOST, f"it came before this worker started; {detail}")
        if self._model_is_down:
            return Refusal(Cause.MODEL_ERROR, f"the model did not answer before; {detail}")
        station = header.part.station
        if self._left_ms(frame, header.captured_at) <= self._times.second_slowest_ms(station):
            # It would be refused even without waiting: the estimate itself is too long.
            self._times.forget_oldest(station)
        return Refusal(Cause.OVERLOAD, detail)

    @contextmanager
    def _turn(self, frame: Frame) -> Iterator[None]:
        """Let one part at a time use the model, unless others wait.

        Two at a time get more parts done: the threads of a pass of the network wait for each other
        now and then. But each then takes longer, and without a third part nobody gains from that.
        """
        left_s = max(0.0, self._left_ms(frame, self._clock.now()) / 1e3)
        has_turn = not frame.behind and self._turns.acquire(timeout=left_s)
        try:
            yield
        finally:
            if has_turn:
                self._turns.release()

    def _inspected(self, frame: Frame, release: Release, began: Stamp) -> Verdict:
        asked = self._clock.now()
        perception = self._perceive(frame, [prompt.words for prompt in release.config.prompts])
        perceived = self._clock.now()
        self._pictures.inspected(frame.header.part.station)
        found = find(perception, release.config)
        at = self._clock.now()
        self._times.add(frame.header.part.station, at.ms_since(began))
        timings_ms = {
            "capture": frame.header.captured_at.ms_since(frame.header.started_at),
            "queue": asked.ms_since(frame.header.captured_at),
            **perception.timings_ms,
            "findings": at.ms_since(perceived),
            "total": at.ms_since(frame.header.started_at),
        }
        return verdict_of(frame, release, perception, found, at=at, timings_ms=timings_ms)

    def _perceive(self, frame: Frame, prompts: list[str]) -> Perception:
        """Return the model's answer; ask again while the part's deadline allows it."""
        while True:
            asked = self._clock.now()
            left_ms = max(1.0, self._left_ms(frame, asked))
            try:
                perception = self._model.infer(frame.image, prompts, left_ms / 1e3)
                self._model_is_down = False
                return perception
            except ModelTooSlow:
                # A part takes at least this long. Without this sample, parts with less time left
                # would be tried in vain, and each would hold up the next.
                took_ms = self._clock.now().ms_since(asked)
                self._times.add(frame.header.part.station, took_ms)
                raise
            except ModelUnavailable:
                left_ms = self._left_ms(frame, self._clock.now())
                if left_ms <= RETRY_EVERY_MS or self._pause(RETRY_EVERY_MS / 1e3):
                    self._model_is_down = True
                    raise

    def _is_hopeless(self, frame: Frame) -> bool:
        return self._left_ms(frame, self._clock.now()) <= self._needed_ms(frame)

    def _needed_ms(self, frame: Frame) -> float:
        """Return the time until its verdict, with those ahead of it first."""
        station = frame.header.part.station
        waits_ms = frame.ahead * self._times.median_ms(station) / self._limits.workers
        return waits_ms + self._times.second_slowest_ms(station)

    def _left_ms(self, frame: Frame, at: Stamp) -> float:
        """Return the time left for the model and the findings until the verdict must go out."""
        age_ms = at.ms_since(frame.header.started_at)
        return frame.header.deadline_ms - age_ms - self._limits.handover_ms

    def _record(self, frame: Frame, verdict: Verdict) -> None:
        stands = self._outbox.record(verdict)
        self._frames.done(frame)
        station = verdict.part.station
        if not stands:
            ANOTHER_STANDS.labels(station).inc()
        VERDICTS.labels(station, verdict.decision, verdict.cause or "").inc()
        for step, took_ms in verdict.timings_ms.items():
            STEP_SECONDS.labels(step).observe(max(0.0, took_ms) / 1e3)
        log.info(
            "verdict",
            part=str(verdict.part),
            verdict_id=verdict.verdict_id,
            decision=verdict.decision,
            cause=verdict.cause,
            detail=verdict.detail,
            stands=stands,
            findings=len(verdict.findings),
            release=verdict.release_id,
            source=verdict.source,
            **{f"{step}_ms": took_ms for step, took_ms in verdict.timings_ms.items()},
        )
