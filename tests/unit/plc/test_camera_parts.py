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
from tests.unit.plc.rig import UP, Rig, release

PASS, REJECT, NONE = Decision.PASS, Decision.REJECT, Decision.NO_VERDICT
ALONE = {"trigger": TriggerSource.CAMERA, "frames_per_s": 5, "mode": Mode.OBSERVE}
EPOCH = 5_000_000_000_000
"""Later than what the rig's clock would mint."""


class CameraRig(Rig):
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
def rig() -> CameraRig:
    return CameraRig()


def test_a_notice_begins_a_part_and_its_clock_runs_since_the_capture(rig):
    rig.notice(1, ago_ms=40)
    rig.wait(50)
    rig.say(1, PASS)
    shown = rig.read()
    assert (shown["seq_head"], shown["verdict"], shown["part_id_echo"]) == (1, 1, 1)
    assert (shown["latency_ms"], shown["trigger_echo"]) == (90, 1)
    rig.write(ack_seq=1)
    settled = rig.settled[1]
    assert (settled.decision, settled.gate, settled.part.epoch) == (PASS, Gate.NOT_ASKED, EPOCH)


def test_nobody_asks_the_camera_for_a_picture_that_it_gave_already():
    rig = CameraRig()
    rig.asked.clear()
    rig.station.captured(
        CaptureNotice(
            part=PartKey(station="top", epoch=EPOCH, trigger_seq=1),
            part_id=1,
            captured_at=rig.clock.now(),
            deadline_ms=300,
        ),
        rig.clock.now(),
    )
    rig.commit()
    assert rig.station.book.open
    assert not rig.asked


def test_what_is_left_of_the_deadline_is_counted_from_the_capture(rig):
    rig.notice(1, ago_ms=295)
    rig.wait(10)
    rig.say(1, PASS)
    assert rig.causes() == {1: Cause.EXPIRED}
    assert [note.verdict_id for note in rig.notes] == ["v1"]


def test_a_number_that_was_left_out_is_a_missed_trigger(rig):
    rig.notice(1)
    rig.notice(4)
    rig.wait(1400)
    assert rig.causes() == {
        1: Cause.EXPIRED,
        2: Cause.MISSED_TRIGGER,
        3: Cause.MISSED_TRIGGER,
        4: Cause.EXPIRED,
    }
    assert rig.bits()["missed_trigger"]


def test_the_first_notice_of_an_epoch_closes_those_before_it_too(rig):
    rig.notice(3)
    assert rig.causes() == {1: Cause.MISSED_TRIGGER, 2: Cause.MISSED_TRIGGER}


@pytest.mark.parametrize("wait_ms", [0, 200, 400])
def test_a_repeated_notice_changes_nothing_whenever_it_comes(rig, wait_ms):
    rig.notice(1)
    rig.wait(wait_ms)
    rig.notice(1)
    rig.wait(310 - wait_ms if wait_ms < 300 else 0)
    assert rig.causes() == {1: Cause.EXPIRED}
    assert not rig.station.book.open


def test_a_notice_behind_its_successors_is_a_missed_part_all_the_same(rig):
    rig.notice(2)
    rig.notice(1)
    rig.say(1, PASS)
    assert rig.causes() == {1: Cause.MISSED_TRIGGER}
    assert not rig.bits()["result_valid"]


def test_a_new_epoch_closes_what_is_open_and_an_old_one_is_over(rig):
    rig.notice(1)
    rig.notice(1, epoch=EPOCH + 1)
    assert rig.causes() == {1: Cause.CAMERA_LOST}
    rig.settled.clear()
    rig.notice(2, epoch=EPOCH)
    rig.wait(310)
    [disposed] = rig.settled.values()
    assert (disposed.part.epoch, disposed.part.trigger_seq) == (EPOCH + 1, 1)


def test_a_verdict_that_comes_before_its_notice_waits_for_it(rig):
    rig.notice(1)
    early = rig.asked[1].part.model_copy(update={"trigger_seq": 2})
    rig.asked[2] = rig.asked[1].model_copy(update={"part": early, "part_id": 2})
    rig.say(2, PASS)
    assert not rig.bits()["result_valid"]
    rig.notice(2)
    assert (rig.read()["seq_head"], rig.read()["verdict"]) == (2, 1)


def test_early_verdicts_are_bounded_and_those_of_missed_parts_are_noted_as_late(rig):
    rig.notice(1)
    for seq in range(2, EARLY_VERDICTS + 4):
        part = rig.asked[1].part.model_copy(update={"trigger_seq": seq})
        rig.asked[seq] = rig.asked[1].model_copy(update={"part": part, "part_id": seq})
        rig.say(seq, PASS)
    rig.notice(EARLY_VERDICTS + 10)
    assert len(rig.notes) == EARLY_VERDICTS
    assert not rig.bits()["result_valid"]


def test_a_verdict_does_not_overtake_the_journal(rig):
    now = rig.clock.now()
    part = PartKey(station="top", epoch=EPOCH, trigger_seq=1)
    rig.asked[1] = Trigger(part=part, part_id=1, started_at=now, deadline_ms=300)
    told = CaptureNotice(part=part, part_id=1, captured_at=now, deadline_ms=300)
    rig.station.captured(told, now)
    written = rig.station.take_effects()
    rig.say(1, PASS)
    assert not rig.bits()["result_valid"]
    for effect in written:
        rig.station.committed(effect, now)
    rig.commit()
    assert rig.read()["verdict"] == 1


def test_parts_whose_notices_never_came_are_closed_by_what_ingest_says(rig):
    rig.notice(1)
    reached = SequenceRange(epoch=EPOCH, first_seq=1, last_seq=4)
    rig.station.numbered(reached, rig.clock.now())
    rig.notice(2)  # was on its way
    rig.wait(1900)
    assert 3 not in rig.settled
    rig.wait(200)
    assert rig.causes()[3] is rig.causes()[4] is Cause.MISSED_TRIGGER
    assert rig.causes()[2] is Cause.EXPIRED


def test_an_epoch_of_which_no_notice_came_is_closed_as_well(rig):
    reached = SequenceRange(epoch=EPOCH, first_seq=1, last_seq=2)
    rig.station.numbered(reached, rig.clock.now())
    rig.wait(2100)
    assert rig.causes() == {1: Cause.MISSED_TRIGGER, 2: Cause.MISSED_TRIGGER}


def test_after_a_restart_known_parts_are_over_and_the_numbers_go_on():
    journaled = Numbering("top", epoch=EPOCH, plc_boot_id=0, first_seq=1, last_seq=7)
    rig = CameraRig(journaled)
    rig.notice(7)
    assert not rig.station.book.open
    rig.notice(8)
    assert list(rig.station.book.open) == [8]
    assert not rig.epochs


def test_numbers_that_are_too_far_on_are_not_made_up(rig):
    rig.notice(1)
    rig.notice(2 + LARGEST_ABSENCE + 1)
    assert set(rig.station.book.open) == {1, 3 + LARGEST_ABSENCE}
    assert not rig.settled
    assert rig.read()["error_code"] == 8


def test_an_epoch_that_a_new_journal_meets_late_begins_after_a_jump(rig):
    rig.notice(LARGEST_ABSENCE + 10)
    [begun] = rig.epochs
    assert (begun.first_seq, begun.after_jump) == (LARGEST_ABSENCE + 10, True)
    assert not rig.settled


def test_the_plcs_own_numbers_are_none_of_these_parts(rig):
    rig.notice(1)
    rig.write(trigger_seq=900)
    rig.write(command=1, trigger_seq=1200)
    assert not rig.settled
    assert list(rig.station.book.open) == [1]


def test_a_plc_that_starts_anew_has_forgotten_the_open_parts(rig):
    rig.notice(1)
    rig.say(1, PASS)
    rig.write(plc_boot_id=8)
    assert rig.causes() == {1: Cause.PLC_RESTART}
    rig.notice(2)
    assert list(rig.station.book.open) == [2]


def test_back_to_the_plcs_triggers_is_a_new_epoch_from_where_its_counter_stands(rig):
    rig.notice(1)
    rig.write(trigger_seq=40)
    rig.clock.advance_ms(EPOCH)  # the rig's year is before that of ingest
    rig.write()
    rig.follow(release(), UP)
    rig.trigger(41)
    assert rig.causes() == {1: Cause.EXPIRED}
    assert list(rig.station.book.open) == [41]
    assert not rig.station.captured(
        CaptureNotice(
            part=PartKey(station="top", epoch=EPOCH, trigger_seq=2),
            part_id=2,
            captured_at=rig.clock.now(),
            deadline_ms=300,
        ),
        rig.clock.now(),
    )


def test_a_capture_in_the_future_gives_no_pass(rig):
    rig.notice(1, ago_ms=-5)
    rig.say(1, PASS)
    assert rig.causes() == {1: Cause.CLOCK}
    assert (rig.read()["verdict"], rig.read()["cause"]) == (4, 15)


def test_clocks_of_two_machines_that_agree_give_passes(rig):
    rig.notice(1, ago_ms=20, boot="another machine")
    rig.say(1, PASS)
    assert (rig.read()["verdict"], rig.read()["latency_ms"]) == (1, 20)


@pytest.mark.parametrize("ago_ms", [-60, 60])
def test_clocks_of_two_machines_that_do_not_agree_give_none(rig, ago_ms):
    rig.notice(1, ago_ms=ago_ms, boot="another machine")
    rig.say(1, PASS)
    rig.wait(10)
    assert rig.read()["cause"] == 15


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


def test_many_missed_parts_are_written_in_portions(rig, monkeypatch):
    written: list[int] = []
    note = rig._note

    def noted(effect: object) -> None:
        if isinstance(effect, LogMissed):
            written.append(len(effect.dispositions))
        note(effect)

    monkeypatch.setattr(rig, "_note", noted)
    rig.notice(601)
    assert written == [256, 256, 88]
