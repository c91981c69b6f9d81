"""The worker's promises, one by one, with a clock that only moves when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from contracts.causes import Cause, Decision
from contracts.errors import BadImage, ModelRejected, ModelTooSlow, ModelUnavailable, Unavailable
from contracts.messages import Verdict
from contracts.release import Prompt, Recipe, Release
from inference.frames import Frame
from inference.perception import Perception
from inference.worker import InferenceWorker, Limits
from runtime.process.clock import ManualClock
from tests.unit.inference.making import frame, margin_with, perception, release

SPOT = margin_with((10, 5, 30, 15))
NOTHING = margin_with()


class Line:
    """Everything around the worker, in memory. The model takes ``model_ms`` for a part."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.waiting: list[Frame] = []
        self.done_frames: list[Frame] = []
        self.buried: list[str] = []
        self.recorded: list[Verdict] = []
        self.asked: list[Sequence[str]] = []
        self.release: Release | None = release()
        self.model_ms = 10.0
        self.margin: np.ndarray = NOTHING
        self.model_says: Callable[[], None] = lambda: None
        self.journal_is_up = True
        self.waited = 0.0
        self.workers = 1
        self.turns = threading.Semaphore()
        self.worker = self.new_worker()

    def new_worker(self) -> InferenceWorker:
        return InferenceWorker(
            ["tiles"],
            frames=self,
            model=self,
            releases=self,
            outbox=self,
            clock=self.clock,
            limits=Limits(20, greatest_deliveries=3, greatest_skew_ms=500, workers=self.workers),
            turns=self.turns,
            pause=lambda seconds: self.clock.advance_ms(seconds * 1e3),
        )

    def take(self, is_hopeless: Callable[[Frame], bool]) -> Frame | None:
        for ahead, waiting in enumerate(self.waiting):
            if is_hopeless(waiting._replace(ahead=ahead)):
                return self.waiting.pop(ahead)._replace(ahead=ahead)
        return self.waiting.pop(0) if self.waiting else None

    def done(self, frame: Frame) -> None:
        self.done_frames.append(frame)

    def waited_ms(self, frame: Frame) -> float:
        return self.waited

    def dead_letter(self, frame: Frame, reason: str) -> None:
        self.buried.append(reason)

    def is_ready(self) -> bool:
        return True

    def revive(self) -> None: ...

    def infer(self, image: bytes, prompts: Sequence[str], timeout_s: float) -> Perception:
        self.asked.append(prompts)
        self.clock.advance_ms(min(self.model_ms, timeout_s * 1e3))
        if self.model_ms > timeout_s * 1e3:
            raise ModelTooSlow("did not answer in time")
        self.model_says()
        return perception(self.margin)

    def active(self, station: str) -> Release | None:
        return self.release

    def record(self, verdict: Verdict) -> bool:
        if not self.journal_is_up:
            raise Unavailable("journal", "gone")
        self.recorded.append(verdict)
        return True

    def inspect(self, *frames: Frame) -> list[Verdict]:
        """Verdicts of these frames."""
        self.waiting += frames
        for _ in range(max(1, len(self.waiting))):
            self.worker.step()
        recorded, self.recorded = self.recorded, []
        return recorded

    def takes(self, model_ms: float) -> None:
        """The model has taken so long lately."""
        self.model_ms = model_ms
        for seq in range(9):
            self.inspect(frame(self.clock, seq, deadline_ms=10_000))
        self.asked.clear()


@pytest.fixture
def line() -> Line:
    return Line()


def raising(error: Exception) -> Callable[[], None]:
    def say() -> None:
        raise error

    return say


def test_nothing_found_is_a_pass_that_names_everything(line: Line) -> None:
    (verdict,) = line.inspect(frame(line.clock))
    assert (verdict.decision, verdict.cause) == (Decision.PASS, None)
    assert line.release is not None
    assert verdict.release_id == line.release.release_id
    assert (verdict.model_version, verdict.source) == ("model-1", "1.png")
    assert verdict.image_size_px == (60, 40)
    assert verdict.timings_ms == {
        "capture": 0,
        "queue": 0,
        "model": 5,
        "findings": 0,
        "total": 10,
    }
    assert [one.entry.id for one in line.done_frames] == ["1-0"]
    assert line.asked == [["any scratch on the tile"]]


def test_a_part_is_judged_by_the_recipe_that_its_frame_names(line: Line) -> None:
    line.release = release(recipes={7: Recipe(prompts=(Prompt(words="rust"),))})
    found = [frame(line.clock, seq, recipe=recipe) for seq, recipe in ((1, 7), (2, 0), (3, 3))]
    rust, own, unknown = line.inspect(*found)
    assert line.asked == [["rust"], ["any scratch on the tile"]]
    judged_by = line.release.of_recipe(7)
    assert judged_by is not None
    assert rust.release_id == judged_by.release_id
    assert own.release_id == line.release.release_id
    assert (unknown.cause, unknown.release_id) == (Cause.NO_RELEASE, "")
    assert unknown.detail == "the release has no recipe 3"


def test_a_finding_is_a_reject_with_its_reason(line: Line) -> None:
    line.margin = SPOT
    (verdict,) = line.inspect(frame(line.clock))
    assert verdict.decision is Decision.REJECT
    assert [reason.rule for reason in verdict.reasons] == ["any"]
    assert [finding.area for finding in verdict.findings] == [200]


def test_verdict_ids_tell_parts_and_releases_apart_and_repeat(line: Line) -> None:
    (first,) = line.inspect(frame(line.clock))
    line.clock.advance_ms(100)
    (again,) = line.inspect(frame(line.clock))
    (other_part,) = line.inspect(frame(line.clock, 2))
    line.release = release(scale_mm_per_px=0.5)
    (other_release,) = line.inspect(frame(line.clock))
    assert first.verdict_id == again.verdict_id
    assert len({first.verdict_id, other_part.verdict_id, other_release.verdict_id}) == 3
    assert len(first.verdict_id) == 16


def test_no_release_no_verdict(line: Line) -> None:
    line.inspect(frame(line.clock))
    line.release = None
    (verdict,) = line.inspect(frame(line.clock))
    assert (verdict.decision, verdict.cause) == (Decision.NO_VERDICT, Cause.NO_RELEASE)
    assert len(line.asked) == 1


def test_a_worker_that_has_just_begun_waits_for_the_release(line: Line) -> None:
    line.release, came_with = None, line.release
    assert line.inspect(frame(line.clock)) == []
    line.release = came_with
    assert line.inspect()[0].decision is Decision.PASS


def test_but_not_for_ever(line: Line) -> None:
    line.release = None
    line.waiting = [frame(line.clock, deadline_ms=10_000)]
    verdicts: list[Verdict] = []
    for _ in range(150):
        verdicts += line.inspect()
    assert [verdict.cause for verdict in verdicts] == [Cause.NO_RELEASE]
    assert verdicts[0].timings_ms["total"] == pytest.approx(2000, abs=50)


def test_what_came_before_the_worker_began_is_not_its_overload(line: Line) -> None:
    old = frame(line.clock)
    line.clock.advance_ms(1500)
    line.worker = line.new_worker()
    assert line.inspect(old)[0].cause is Cause.WORKER_LOST


def test_what_cannot_be_done_in_time_is_refused_at_once(line: Line) -> None:
    line.takes(100)
    late, in_time = frame(line.clock, 1, deadline_ms=119), frame(line.clock, 2, deadline_ms=121)
    refused, passed = line.inspect(late, in_time)
    assert (refused.decision, refused.cause) == (Decision.NO_VERDICT, Cause.OVERLOAD)
    assert refused.timings_ms["total"] == 0
    assert passed.decision is Decision.PASS
    assert len(line.asked) == 1


def test_a_backlog_is_answered_and_the_newest_still_pass(line: Line) -> None:
    line.takes(100)
    line.waiting = [frame(line.clock, seq, deadline_ms=520) for seq in range(20)]
    verdicts = line.inspect()
    assert [verdict.part_id for verdict in verdicts] == [*range(4, 20), *range(4)]
    assert {verdict.cause for verdict in verdicts[:16]} == {Cause.OVERLOAD}
    assert {verdict.timings_ms["total"] for verdict in verdicts[:16]} == {0}  # at once
    assert verdicts[0].detail == "500 ms were left, a part takes 500 ms with 4 ahead of it"
    assert {verdict.decision for verdict in verdicts[16:]} == {Decision.PASS}
    (fresh,) = line.inspect(frame(line.clock, 21, deadline_ms=520))
    assert fresh.decision is Decision.PASS


def test_a_slow_spell_does_not_refuse_parts_for_ever(line: Line) -> None:
    line.takes(5000)
    line.model_ms = 10
    verdicts = [line.inspect(frame(line.clock, seq))[0] for seq in range(12)]
    causes = [verdict.cause for verdict in verdicts]
    assert causes[0] is Cause.OVERLOAD
    assert causes[-1] is None


def test_a_part_that_every_other_one_would_be_late_with_is_not_tried(line: Line) -> None:
    line.takes(100)
    for seq in range(4):
        line.model_ms = 200
        line.inspect(frame(line.clock, 20 + seq, deadline_ms=10_000))
    (verdict,) = line.inspect(frame(line.clock, 30, deadline_ms=219))
    assert verdict.cause is Cause.OVERLOAD


def test_two_workers_do_what_is_ahead_in_half_the_time(line: Line) -> None:
    line.takes(100)
    six = [frame(line.clock, seq, deadline_ms=421) for seq in range(6)]
    assert [verdict.part_id for verdict in line.inspect(*six)][:2] == [4, 5]
    line.workers = 2
    line.worker = line.new_worker()
    line.takes(100)
    six = [frame(line.clock, seq, deadline_ms=421) for seq in range(6)]
    line.waiting = list(six)
    line.worker.step()
    assert line.recorded.pop().part_id == 0


def test_one_slow_part_changes_nothing(line: Line) -> None:
    line.takes(100)
    line.model_ms = 3000
    line.inspect(frame(line.clock, 20, deadline_ms=10_000))
    line.model_ms = 100
    (verdict,) = line.inspect(frame(line.clock, 21, deadline_ms=300))
    assert verdict.decision is Decision.PASS


def test_a_part_waits_for_the_one_that_is_looked_at_unless_others_wait(line: Line) -> None:
    line.turns.acquire()
    (crowded,) = line.inspect(frame(line.clock, 1)._replace(behind=1))
    assert crowded.decision is Decision.PASS
    line.waiting = [frame(line.clock, 2)]
    lone = threading.Thread(target=line.worker.step)
    lone.start()
    lone.join(0.1)
    assert lone.is_alive()
    assert line.recorded == []
    line.turns.release()
    lone.join(2)
    assert [verdict.decision for verdict in line.recorded] == [Decision.PASS]
    assert line.turns.acquire(timeout=0)  # it was given back


def test_a_turn_that_ends_with_an_error_is_given_back(line: Line) -> None:
    line.model_says = raising(BadImage("truncated JPEG"))
    line.inspect(frame(line.clock))
    assert line.turns.acquire(timeout=0)


def test_broken_picture(line: Line) -> None:
    line.model_says = raising(BadImage("truncated JPEG"))
    (verdict,) = line.inspect(frame(line.clock))
    assert (verdict.cause, verdict.detail) == (Cause.BAD_IMAGE, "truncated JPEG")
    line.model_says = lambda: None
    assert line.inspect(frame(line.clock, 2))[0].decision is Decision.PASS


def test_refused_by_the_model_is_asked_once(line: Line) -> None:
    line.model_says = raising(ModelRejected("65 prompts"))
    (verdict,) = line.inspect(frame(line.clock))
    assert (verdict.cause, verdict.detail) == (Cause.MODEL_ERROR, "65 prompts")
    assert len(line.asked) == 1


def test_a_model_that_comes_back_in_time_is_waited_for(line: Line) -> None:
    failures = iter([ModelUnavailable("gone")] * 5)

    def say() -> None:
        for error in failures:
            raise error

    line.model_says = say
    (verdict,) = line.inspect(frame(line.clock))
    assert verdict.decision is Decision.PASS
    assert len(line.asked) == 6


def test_a_model_that_stays_away_costs_a_part_no_more_than_its_deadline(line: Line) -> None:
    line.model_says = raising(ModelUnavailable("gone"))
    first, second = line.inspect(
        frame(line.clock, 1, deadline_ms=500), frame(line.clock, 2, deadline_ms=500)
    )
    assert (first.cause, first.detail) == (Cause.MODEL_ERROR, "gone")
    assert first.timings_ms["total"] <= 500
    assert second.cause is Cause.MODEL_ERROR  # not overload: that is not why
    line.model_says = lambda: None
    assert line.inspect(frame(line.clock, 3))[0].decision is Decision.PASS


def test_no_answer_by_the_deadline_is_no_pass(line: Line) -> None:
    line.model_ms = 10_000
    (verdict,) = line.inspect(frame(line.clock, deadline_ms=300))
    assert verdict.cause is Cause.EXPIRED
    assert verdict.timings_ms["total"] <= 300
    assert len(line.asked) == 1


def test_parts_with_too_little_time_left_are_not_tried_in_vain_for_ever(line: Line) -> None:
    """A backlog of parts, each with less time left than the model takes now."""
    line.model_ms = 400
    backlog = [frame(line.clock, seq, deadline_ms=1000) for seq in range(12)]
    line.clock.advance_ms(700)
    fresh = frame(line.clock, 20, deadline_ms=1000)
    verdicts = line.inspect(*backlog, fresh)
    assert [verdict.cause for verdict in verdicts[:12]] == [Cause.EXPIRED] + [Cause.OVERLOAD] * 11
    assert verdicts[12].decision is Decision.PASS


def test_of_a_dead_worker_with_no_time_left(line: Line) -> None:
    left_behind = frame(line.clock, deliveries=2)
    line.clock.advance_ms(1001)
    (verdict,) = line.inspect(left_behind)
    assert verdict.cause is Cause.WORKER_LOST
    assert not line.asked


def test_of_a_dead_worker_with_time_left_is_inspected(line: Line) -> None:
    left_behind = frame(line.clock, deliveries=2)
    line.clock.advance_ms(500)
    assert line.inspect(left_behind)[0].decision is Decision.PASS


def test_a_frame_that_ends_workers_is_given_up(line: Line) -> None:
    (verdict,) = line.inspect(frame(line.clock, deliveries=4))
    assert verdict.cause is Cause.MODEL_ERROR
    assert line.buried == ["delivered 3 times without a verdict"]
    assert not line.asked


def test_a_part_of_the_future_is_no_pass(line: Line) -> None:
    ahead = ManualClock(boot_id="another machine")
    ahead.advance_ms(501)
    (verdict,) = line.inspect(frame(ahead))
    assert verdict.cause is Cause.CLOCK


@pytest.mark.parametrize(
    ("waited_ms", "cause"), [(5, Cause.CLOCK), (300, Cause.CLOCK), (1100, Cause.OVERLOAD)]
)
def test_a_part_of_a_machine_whose_clock_is_behind_is_no_overload(
    line: Line, waited_ms: float, cause: Cause
) -> None:
    line.takes(100)
    camera = ManualClock(boot_id="another machine")
    of_camera = frame(camera, 20, deadline_ms=1000)
    line.clock.advance_ms(1200)
    line.waited = waited_ms
    (verdict,) = line.inspect(of_camera)
    assert (verdict.decision, verdict.cause) == (Decision.NO_VERDICT, cause)
    assert not line.asked


def test_on_one_machine_what_waited_is_an_overload(line: Line) -> None:
    line.takes(100)
    waited = frame(line.clock, 20, deadline_ms=1000)
    line.clock.advance_ms(1200)
    assert line.inspect(waited)[0].cause is Cause.OVERLOAD


def test_journal_down_keeps_the_verdict_and_takes_no_new_part(line: Line) -> None:
    line.waiting = [frame(line.clock, 1), frame(line.clock, 2)]
    line.journal_is_up = False
    for _ in range(3):
        with pytest.raises(Unavailable):
            line.worker.step()
        line.clock.advance_ms(50)
    assert len(line.asked) == 1
    assert line.done_frames == []
    line.journal_is_up = True
    verdicts = line.inspect() + line.inspect()
    assert [verdict.part_id for verdict in verdicts] == [1, 2]
    assert verdicts[0].timings_ms["total"] == 10  # decided once, then kept
