"""Parts that the camera triggers: ingest numbers them, the bridge disposes of each number once."""

from __future__ import annotations

import pytest

from contracts.causes import Cause, Decision, Gate, Mode, TriggerSource
from contracts.identity import PartKey, Stamp
from contracts.messages import CaptureNotice, SequenceRange, Trigger
from plc.core.camera_parts import EARLY_VERDICTS, REMEMBERED, CaptureClock
from plc.core.effects import LogMissed
from plc.core.numbering import Numbering
from plc.core.sequence import LARGEST_ABSENCE
from tests.unit.plc.bench import UP, Bench, release

PASS, REJECT, NONE = Decision.PASS, Decision.REJECT, Decision.NO_VERDICT
ALONE = {"trigger": TriggerSource.CAMERA, "frames_per_s": 5, "mode": Mode.OBSERVE}
EPOCH = 5_000_000_000_000
"""Later than what the bench's clock would mint."""


class CameraBench(Bench):
    """The camera's notices instead of a PLC's triggers."""

    def __init__(self, numbering: Numbering | None = None) -> None:
        super().__init__(numbering, **ALONE)
        self.meet()

    def notice(self, seq: int, *, epoch: int = EPOCH, ago_ms: float = 0, boot: str = "") -> None:
        now = self.clock.now()
        part = PartKey(station="top", epoch=epoch, trigger_seq=seq)
        captured_at = Stamp(
            utc_ns=now.utc_ns - round(ago_ms * 1e6),
            monotonic_ns=now.monotonic_ns - round(ago_ms * 1e6),
            boot_id=boot or now.boot_id,
        )
        told = CaptureNotice(part=part, part_id=seq, captured_at=captured_at, deadline_ms=300)
        self.asked[seq] = Trigger(
            part=part, part_id=seq, started_at=captured_at, deadline_ms=told.deadline_ms
        )
        self.station.captured(told, now)
        self.commit()

    def causes(self) -> dict[int, Cause | None]:
        return {seq: each.cause for seq, each in sorted(self.settled.items())}


@pytest.fixture
def bench() -> CameraBench:
    return CameraBench()


def test_a_notice_begins_a_part_and_its_clock_runs_since_the_capture(bench):
    bench.notice(1, ago_ms=40)
    bench.wait(50)
    bench.say(1, PASS)
    shown = bench.read()
    assert (shown["seq_head"], shown["verdict"], shown["part_id_echo"]) == (1, 1, 1)
    assert (shown["latency_ms"], shown["trigger_echo"]) == (90, 1)
    bench.write(ack_seq=1)
    settled = bench.settled[1]
    assert (settled.decision, settled.gate, settled.part.epoch) == (PASS, Gate.NOT_ASKED, EPOCH)


def test_nobody_asks_the_camera_for_a_picture_that_it_gave_already():
    bench = CameraBench()
    bench.asked.clear()
    bench.station.captured(
        CaptureNotice(
            part=PartKey(station="top", epoch=EPOCH, trigger_seq=1),
            part_id=1,
            captured_at=bench.clock.now(),
            deadline_ms=300,
        ),
        bench.clock.now(),
    )
    bench.commit()
    assert bench.station.book.open
    assert not bench.asked


def test_what_is_left_of_the_deadline_is_counted_from_the_capture(bench):
    bench.notice(1, ago_ms=295)
    bench.wait(10)
    bench.say(1, PASS)
    assert bench.causes() == {1: Cause.EXPIRED}
    assert [note.verdict_id for note in bench.notes] == ["v1"]


def test_a_number_that_was_left_out_is_a_missed_trigger(bench):
    bench.notice(1)
    bench.notice(4)
    bench.wait(1400)
    assert bench.causes() == {
        1: Cause.EXPIRED,
        2: Cause.MISSED_TRIGGER,
        3: Cause.MISSED_TRIGGER,
        4: Cause.EXPIRED,
    }
    assert bench.bits()["missed_trigger"]


def test_the_first_notice_of_an_epoch_closes_those_before_it_too(bench):
    bench.notice(3)
    assert bench.causes() == {1: Cause.MISSED_TRIGGER, 2: Cause.MISSED_TRIGGER}


@pytest.mark.parametrize("wait_ms", [0, 200, 400])
def test_a_repeated_notice_changes_nothing_whenever_it_comes(bench, wait_ms):
    bench.notice(1)
    bench.wait(wait_ms)
    bench.notice(1)
    bench.wait(310 - wait_ms if wait_ms < 300 else 0)
    assert bench.causes() == {1: Cause.EXPIRED}
    assert not bench.station.book.open


def test_a_notice_behind_its_successors_is_a_missed_part_all_the_same(bench):
    bench.notice(2)
    bench.notice(1)
    bench.say(1, PASS)
    assert bench.causes() == {1: Cause.MISSED_TRIGGER}
    assert not bench.bits()["result_valid"]


def test_a_new_epoch_closes_what_is_open_and_an_old_one_is_over(bench):
    bench.notice(1)
    bench.notice(1, epoch=EPOCH + 1)
    assert bench.causes() == {1: Cause.CAMERA_LOST}
    bench.settled.clear()
    bench.notice(2, epoch=EPOCH)
    bench.wait(310)
    [disposed] = bench.settled.values()
    assert (disposed.part.epoch, disposed.part.trigger_seq) == (EPOCH + 1, 1)


def test_a_verdict_that_comes_before_its_notice_waits_for_it(bench):
    bench.notice(1)
    early = bench.asked[1].part.model_copy(update={"trigger_seq": 2})
    bench.asked[2] = bench.asked[1].model_copy(update={"part": early, "part_id": 2})
    bench.say(2, PASS)
    assert not bench.bits()["result_valid"]
    bench.notice(2)
    assert (bench.read()["seq_head"], bench.read()["verdict"]) == (2, 1)


def test_early_verdicts_are_bounded_and_those_of_missed_parts_are_noted_as_late(bench):
    bench.notice(1)
    for seq in range(2, EARLY_VERDICTS + 4):
        part = bench.asked[1].part.model_copy(update={"trigger_seq": seq})
        bench.asked[seq] = bench.asked[1].model_copy(update={"part": part, "part_id": seq})
        bench.say(seq, PASS)
    bench.notice(EARLY_VERDICTS + 10)
    assert len(bench.notes) == EARLY_VERDICTS
    assert not bench.bits()["result_valid"]


def test_a_verdict_does_not_overtake_the_journal(bench):
    now = bench.clock.now()
    part = PartKey(station="top", epoch=EPOCH, trigger_seq=1)
    bench.asked[1] = Trigger(part=part, part_id=1, started_at=now, deadline_ms=300)
    told = CaptureNotice(part=part, part_id=1, captured_at=now, deadline_ms=300)
    bench.station.captured(told, now)
    written = bench.station.take_effects()
    bench.say(1, PASS)
    assert not bench.bits()["result_valid"]
    for effect in written:
        bench.station.committed(effect, now)
    bench.commit()
    assert bench.read()["verdict"] == 1


def test_parts_whose_notices_never_came_are_closed_by_what_ingest_says(bench):
    bench.notice(1)
    reached = SequenceRange(epoch=EPOCH, first_seq=1, last_seq=4)
    bench.station.numbered(reached, bench.clock.now())
    bench.notice(2)  # was on its way
    bench.wait(1900)
    assert 3 not in bench.settled
    bench.wait(200)
    assert bench.causes()[3] is bench.causes()[4] is Cause.MISSED_TRIGGER
    assert bench.causes()[2] is Cause.EXPIRED


def test_an_epoch_of_which_no_notice_came_is_closed_as_well(bench):
    reached = SequenceRange(epoch=EPOCH, first_seq=1, last_seq=2)
    bench.station.numbered(reached, bench.clock.now())
    bench.wait(2100)
    assert bench.causes() == {1: Cause.MISSED_TRIGGER, 2: Cause.MISSED_TRIGGER}


def test_after_a_restart_known_parts_are_over_and_the_numbers_go_on():
    journaled = Numbering("top", epoch=EPOCH, plc_boot_id=0, first_seq=1, last_seq=7)
    bench = CameraBench(journaled)
    bench.notice(7)
    assert not bench.station.book.open
    bench.notice(8)
    assert list(bench.station.book.open) == [8]
    assert not bench.epochs


def test_numbers_that_are_too_far_on_are_not_made_up(bench):
    bench.notice(1)
    bench.notice(2 + LARGEST_ABSENCE + 1)
    assert set(bench.station.book.open) == {1, 3 + LARGEST_ABSENCE}
    assert not bench.settled
    assert bench.read()["error_code"] == 8


def test_an_epoch_that_a_new_journal_meets_late_begins_after_a_jump(bench):
    bench.notice(LARGEST_ABSENCE + 10)
    [begun] = bench.epochs
    assert (begun.first_seq, begun.after_jump) == (LARGEST_ABSENCE + 10, True)
    assert not bench.settled


def test_the_plcs_own_numbers_are_none_of_these_parts(bench):
    bench.notice(1)
    bench.write(trigger_seq=900)
    bench.write(command=1, trigger_seq=1200)
    assert not bench.settled
    assert list(bench.station.book.open) == [1]


def test_a_plc_that_starts_anew_has_forgotten_the_open_parts(bench):
    bench.notice(1)
    bench.say(1, PASS)
    bench.write(plc_boot_id=8)
    assert bench.causes() == {1: Cause.PLC_RESTART}
    bench.notice(2)
    assert list(bench.station.book.open) == [2]


def test_back_to_the_plcs_triggers_is_a_new_epoch_from_where_its_counter_stands(bench):
    bench.notice(1)
    bench.write(trigger_seq=40)
    bench.clock.advance_ms(EPOCH)  # the bench's year is before that of ingest
    bench.write()
    bench.follow(release(), UP)
    bench.trigger(41)
    assert bench.causes() == {1: Cause.EXPIRED}
    assert list(bench.station.book.open) == [41]
    assert not bench.station.captured(
        CaptureNotice(
            part=PartKey(station="top", epoch=EPOCH, trigger_seq=2),
            part_id=2,
            captured_at=bench.clock.now(),
            deadline_ms=300,
        ),
        bench.clock.now(),
    )


def test_a_capture_in_the_future_gives_no_pass(bench):
    bench.notice(1, ago_ms=-5)
    bench.say(1, PASS)
    assert bench.causes() == {1: Cause.CLOCK}
    assert (bench.read()["verdict"], bench.read()["cause"]) == (4, 15)


def test_clocks_of_two_machines_that_agree_give_passes(bench):
    bench.notice(1, ago_ms=20, boot="another machine")
    bench.say(1, PASS)
    assert (bench.read()["verdict"], bench.read()["latency_ms"]) == (1, 20)


@pytest.mark.parametrize("ago_ms", [-60, 60])
def test_clocks_of_two_machines_that_do_not_agree_give_none(bench, ago_ms):
    bench.notice(1, ago_ms=ago_ms, boot="another machine")
    bench.say(1, PASS)
    bench.wait(10)
    assert bench.read()["cause"] == 15


def stamp(ms: float, boot: str) -> Stamp:
    return Stamp(utc_ns=round(ms * 1e6), monotonic_ns=round(ms * 1e6), boot_id=boot)


def test_one_slow_notice_says_nothing_of_the_clocks():
    clock = CaptureClock(bound_ms=50)
    assert clock.start(stamp(1000, "b"), stamp(1010, "a")) is not None
    slow = clock.start(stamp(1100, "b"), stamp(1400, "a"))
    assert slow is not None
    assert stamp(1400, "a").ms_since(slow) == 300


def test_a_clock_that_is_ahead_does_not_make_a_part_younger():
    clock = CaptureClock(bound_ms=50)
    clock.start(stamp(1040, "b"), stamp(1000, "a"))
    started = clock.start(stamp(1240, "b"), stamp(1300, "a"))
    assert started is not None
    assert stamp(1300, "a").ms_since(started) == 100


def test_a_clock_that_was_set_right_is_believed_again():
    clock = CaptureClock(bound_ms=50)
    assert clock.start(stamp(5000, "b"), stamp(1000, "a")) is None
    for _ in range(REMEMBERED - 1):
        assert clock.start(stamp(1000, "b"), stamp(1010, "a")) is None
    assert clock.start(stamp(1000, "b"), stamp(1010, "a")) is not None


def test_many_missed_parts_are_written_in_portions(bench, monkeypatch):
    written: list[int] = []
    note = bench._note

    def noted(effect: object) -> None:
        if isinstance(effect, LogMissed):
            written.append(len(effect.dispositions))
        note(effect)

    monkeypatch.setattr(bench, "_note", noted)
    bench.notice(601)
    assert written == [256, 256, 88]
