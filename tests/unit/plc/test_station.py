"""What a station does, case by case, as docs/plc.md tells it."""

from __future__ import annotations

import pytest

from contracts.causes import Cause, Decision, Gate, Mode
from plc.core.numbering import Numbering
from tests.unit.plc.rig import UP, Rig, release

PASS, REJECT, NONE = Decision.PASS, Decision.REJECT, Decision.NO_VERDICT


@pytest.fixture
def rig() -> Rig:
    met = Rig()
    met.meet()
    return met


def test_a_pass_is_shown_acknowledged_answered_and_only_then_settled(rig):
    rig.trigger(1)
    assert rig.read()["trigger_echo"] == 1
    rig.wait(50)
    rig.say(1, PASS)
    shown = rig.read()
    assert (shown["seq_head"], shown["seq_tail"], shown["verdict"]) == (1, 1, 1)
    assert (shown["part_id_echo"], shown["latency_ms"], shown["ack_state"]) == (101, 50, 0)
    assert not rig.settled
    rig.write(ack_seq=1)
    assert (rig.read()["ack_echo"], rig.read()["ack_state"]) == (1, 1)
    assert not rig.bits()["result_valid"]
    assert (rig.settled[1].decision, rig.settled[1].gate) == (PASS, Gate.NOT_ASKED)
    settled = rig.settled[1]
    assert settled.verdict_arrived_at.ms_since(settled.started_at) == 50


def test_a_pass_that_is_not_acknowledged_in_time_is_withdrawn_for_good(rig):
    rig.trigger(1)
    rig.say(1, PASS)
    rig.wait(310)
    assert rig.read()["verdict"] == 0
    assert (rig.settled[1].decision, rig.settled[1].cause) == (NONE, Cause.UNACKNOWLEDGED)
    rig.write(ack_seq=1)
    assert (rig.read()["ack_echo"], rig.read()["ack_state"]) == (1, 2)


def test_a_pass_whose_turn_did_not_come_in_time_is_shown_as_none(rig):
    for seq in (1, 2):
        rig.trigger(seq)
        rig.say(seq, PASS)
    rig.wait(310)
    assert rig.settled[1].cause is Cause.UNACKNOWLEDGED
    shown = rig.read()
    assert (shown["seq_head"], shown["verdict"]) == (2, 3)
    assert (rig.settled[2].decision, rig.settled[2].cause) == (NONE, Cause.EXPIRED)
    assert rig.settled[2].presented_at is not None
    assert (rig.settled[2].verdict_id, rig.settled[2].late_verdict_id) == (None, "v2")
    rig.write(ack_seq=2)
    assert (rig.read()["ack_echo"], rig.read()["ack_state"]) == (2, 3)


def test_a_late_pass_is_recorded_and_never_applied(rig):
    rig.trigger(1)
    rig.wait(310)
    assert rig.read()["verdict"] == 3
    rig.say(1, PASS)
    assert rig.read()["verdict"] == 3
    assert rig.settled[1].cause is Cause.EXPIRED
    assert rig.settled[1].verdict_arrived_at is None
    assert [(note.verdict_id, note.decision) for note in rig.notes] == [("v1", PASS)]


def test_a_withdrawn_pass_is_refused_also_where_its_number_was_accepted_before(rig):
    rig.trigger(1)
    rig.say(1, PASS)
    rig.write(ack_seq=1)
    rig.station.numbering.last_seq = 65_535  # many parts later
    rig.trigger(65_536)
    rig.trigger(65_537)
    rig.say(65_537, PASS)
    rig.write(ack_seq=0)
    rig.wait(310)
    assert rig.settled[65_537].cause is Cause.UNACKNOWLEDGED
    rig.write(ack_seq=1)
    assert (rig.read()["ack_echo"], rig.read()["ack_state"]) == (1, 2)


def test_an_acknowledged_reject_is_noted_and_clears_nothing(rig):
    rig.trigger(1)
    rig.say(1, REJECT)
    assert rig.read()["verdict"] == 2
    rig.write(ack_seq=1)
    assert rig.read()["ack_state"] == 3
    assert (rig.settled[1].decision, rig.settled[1].gate) == (REJECT, Gate.PENDING)


def test_a_fresh_pass_waits_behind_no_reject_for_longer_than_the_hold(rig):
    for seq in (1, 2):
        rig.trigger(seq)
    rig.say(1, REJECT)
    rig.say(2, PASS)
    assert rig.read()["seq_head"] == 1
    rig.wait(60)
    assert (rig.read()["seq_head"], rig.read()["verdict"]) == (2, 1)
    assert rig.read()["overruns"] == 0


def test_of_many_results_passes_go_first_the_most_urgent_before_the_others(rig):
    for seq in (1, 2, 3, 4):
        rig.trigger(seq)
        rig.wait(10)
    for seq, decision in ((4, PASS), (3, REJECT), (2, PASS), (1, NONE)):
        rig.say(seq, decision, Cause.BAD_IMAGE if decision is NONE else None)
    order = []
    for _ in range(4):
        order.append(int(rig.read()["seq_head"]))
        rig.write(ack_seq=order[-1])
    assert order == [4, 2, 3, 1]  # 4 was alone when it came


def test_results_that_nobody_reads_give_way_after_a_second_and_that_is_a_fault(rig):
    for seq in (1, 2):
        rig.trigger(seq)
        rig.say(seq, REJECT)
    rig.wait(1050)
    assert rig.bits()["buffer_overrun"]
    assert rig.read()["error_code"] == 11
    assert {d.decision for d in rig.settled.values()} == {REJECT}
    assert len(rig.settled) == 2


@pytest.mark.parametrize(
    ("down", "cause"),
    [
        ("broker", Cause.BROKER_LOST),
        ("camera", Cause.CAMERA_LOST),
        ("inference", Cause.WORKER_LOST),
    ],
)
def test_the_cause_names_what_was_down_while_the_part_was_open(rig, down, cause):
    rig.trigger(1)
    rig.follow(release(), UP._replace(**{down: False}))
    assert rig.bits()["degraded"]
    rig.wait(50)
    rig.follow(release(), UP)
    rig.trigger(2)
    rig.wait(310)
    rig.write(ack_seq=1)
    assert (rig.settled[1].cause, rig.settled[2].cause) == (cause, Cause.EXPIRED)


def test_a_camera_that_could_not_be_asked_is_a_missed_capture(rig):
    rig.trigger(1)
    rig.station.capture_failed(rig.asked[1])
    rig.wait(310)
    assert rig.settled[1].cause is Cause.MISSED_CAPTURE


def test_without_a_release_parts_are_counted_and_rejected(rig):
    rig.follow(None, UP._replace(release=False))
    rig.trigger(1)
    assert rig.settled[1].cause is Cause.NO_RELEASE
    assert rig.read()["mode"] == 1  # a station that nobody configured guards
    assert not rig.asked


def test_what_inference_could_not_decide_keeps_its_cause(rig):
    rig.trigger(1)
    rig.say(1, NONE, Cause.BAD_IMAGE)
    assert (rig.read()["verdict"], rig.read()["cause"]) == (4, 6)
    assert rig.settled[1].cause is Cause.BAD_IMAGE


def test_a_pass_by_rules_that_are_no_longer_in_force_is_none(rig):
    old, new = rig.station.release, release(deadline_ms=299)
    rig.follow(new, UP)
    rig.trigger(1)
    rig.say(1, PASS, under=old)
    assert (rig.read()["verdict"], rig.read()["cause"]) == (4, 16)
    assert (rig.settled[1].decision, rig.settled[1].cause) == (NONE, Cause.STALE_RELEASE)
    assert (rig.settled[1].verdict_id, rig.settled[1].late_verdict_id) == (None, "v1")
    assert rig.settled[1].release_id == new.release_id


@pytest.mark.parametrize("decision", [PASS, REJECT])
def test_the_ledger_names_the_release_that_decided(rig, decision):
    old, new = rig.station.release, release(deadline_ms=299)
    for seq in (1, 2):
        rig.trigger(seq)
    rig.follow(new, UP)
    for seq, under in ((1, old), (2, new)):  # a part on its way may be judged by either
        rig.say(seq, decision, under=under)
        rig.write(ack_seq=seq)
    assert [rig.settled[seq].decision for seq in (1, 2)] == [decision] * 2
    assert rig.settled[1].release_id == old.release_id
    assert rig.settled[2].release_id == new.release_id


def test_a_gap_is_a_missed_trigger_each(rig):
    rig.trigger(1)
    rig.trigger(4)
    assert [rig.settled[seq].cause for seq in (2, 3)] == [Cause.MISSED_TRIGGER] * 2
    assert rig.bits()["missed_trigger"]
    assert 4 in rig.asked


def test_the_counter_wraps(rig):
    wrapped = Rig(Numbering("top", epoch=5, plc_boot_id=7, last_seq=65_535))
    wrapped.meet(trigger_seq=65_535)
    wrapped.trigger(65_536)
    wrapped.say(65_536, PASS)
    assert (wrapped.read()["seq_head"], wrapped.read()["verdict"]) == (0, 1)
    wrapped.raise_coils("result_ack")  # AckSeq is 0 already
    assert wrapped.settled[65_536].decision is PASS


def test_after_a_restart_numbering_goes_on_and_the_gap_is_missed():
    resumed = Rig(Numbering("top", epoch=5, plc_boot_id=7, last_seq=10))
    resumed.trigger(14)
    assert not resumed.asked  # the PLC has not introduced itself
    resumed.meet(boot_id=7, trigger_seq=14)
    assert sorted(resumed.settled) == [11, 12, 13, 14]
    resumed.trigger(15)
    assert resumed.asked[15].part.epoch == 5


def test_a_plc_that_restarts_opens_an_epoch_and_leaves_its_parts_without_verdict(rig):
    rig.trigger(1)
    rig.say(1, PASS)
    rig.meet(boot_id=8, trigger_seq=0)
    assert rig.settled[1].cause is Cause.PLC_RESTART
    assert rig.read()["verdict"] == 0
    first = rig.asked[1].part.epoch
    rig.settled.clear()
    rig.trigger(1)
    assert rig.asked[1].part.epoch > first


@pytest.mark.parametrize("counter", [0, 3, 206, 4096, 4097, 65_535])
def test_a_new_boot_id_goes_on_where_the_counter_stands_and_misses_nothing(counter):
    rig = Rig(Numbering("top", epoch=5, plc_boot_id=7, last_seq=206))
    rig.meet(boot_id=8, trigger_seq=counter)
    assert rig.settled == {}
    assert (rig.read()["missed"], rig.read()["error_code"]) == (0, 0)
    rig.trigger(counter + 1)
    assert list(rig.asked) == [counter + 1]
    assert [(op.first_seq, op.after_jump) for op in rig.epochs] == [(counter + 1, False)]


def test_a_jump_opens_an_epoch_and_is_a_fault(rig):
    rig.trigger(1)
    rig.trigger(30_000)
    assert rig.read()["error_code"] == 8
    assert rig.settled[1].cause is Cause.PLC_RESTART
    assert 30_000 in rig.asked


def test_resync_after_a_lost_connection_triggers_nothing(rig):
    rig.trigger(1)
    rig.write(command=1, trigger_seq=4)
    rig.write(command=0)
    assert sorted(rig.settled) == [2, 3, 4]
    assert list(rig.asked) == [1]


@pytest.mark.parametrize("alone", [4097, 5000, 32_768])
def test_what_a_plc_counted_alone_is_missed_however_long_it_was_alone(rig, alone):
    rig.trigger(1)
    rig.write(command=1, trigger_seq=1 + alone)
    assert sorted(rig.settled) == list(range(2, 2 + alone))
    assert rig.read()["missed"] == alone
    assert [op.after_jump for op in rig.epochs] == [False]


@pytest.mark.parametrize("command", [0, 1])
def test_where_the_counter_jumps_the_new_epoch_says_so(rig, command):
    rig.trigger(10)
    rig.write(command=command, trigger_seq=5)
    assert rig.read()["error_code"] == 8
    assert [op.after_jump for op in rig.epochs] == [False, True]


def test_while_the_resync_is_commanded_no_change_is_a_trigger(rig):
    rig.trigger(1)
    rig.write(command=1, trigger_seq=4)
    rig.write(command=1, trigger_seq=6)  # a PLC that lost the connection again meanwhile
    assert sorted(rig.settled) == [2, 3, 4, 5, 6]
    assert list(rig.asked) == [1]
    rig.write(command=0)
    rig.trigger(7)
    assert list(rig.asked) == [1, 7]


def test_too_many_rejects_in_a_row_ask_for_a_line_stop():
    rig = Rig(consecutive_reject_limit=2)
    rig.meet()
    for seq in (1, 2):
        assert not rig.bits()["line_stop_req"]
        rig.trigger(seq)
        rig.say(seq, REJECT)
        rig.write(ack_seq=seq)
    assert rig.bits()["line_stop_req"]
    assert rig.read()["error_code"] == 10
    rig.raise_coils("clear_line_stop", "clear_error")
    assert rig.bits()["trigger_ready"]


@pytest.mark.parametrize(
    "row",
    [
        (None, None, None),
        (REJECT, None, REJECT),
        (REJECT, PASS, REJECT, None, REJECT),
        (NONE, None, REJECT),
    ],
)
def test_a_part_whose_time_is_up_is_one_of_the_row_as_a_reject_is(row):
    """Parts one after the other: None stays without a verdict."""
    rig = Rig(consecutive_reject_limit=3)
    rig.meet()
    for seq, decision in enumerate(row, 1):
        assert not rig.bits()["line_stop_req"]
        rig.trigger(seq)
        if decision is None:
            rig.wait(310)
        else:
            rig.say(seq, decision, Cause.BAD_IMAGE if decision is NONE else None)
        rig.write(ack_seq=seq)
    assert rig.bits()["line_stop_req"]
    assert not rig.bits()["trigger_ready"]
    assert (rig.read()["error_code"], rig.read()["consecutive_rejects"]) == (10, 3)


def test_parts_that_were_never_announced_are_of_the_row_too():
    rig = Rig(consecutive_reject_limit=3)
    rig.meet()
    rig.trigger(3)
    assert not rig.bits()["line_stop_req"]
    rig.wait(310)
    assert rig.bits()["line_stop_req"]


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.BYPASS])
def test_a_station_that_lets_every_part_through_stops_no_line(mode):
    rig = Rig(consecutive_reject_limit=2, mode=mode)
    rig.meet()
    rig.trigger(5)
    rig.wait(310)
    assert rig.read()["consecutive_rejects"] == 5
    assert not rig.bits()["line_stop_req"]


def test_a_line_stop_comes_again_after_as_many_as_the_first_time():
    rig = Rig(consecutive_reject_limit=2)
    rig.meet()
    rig.trigger(2)
    rig.wait(310)
    rig.raise_coils("clear_error")  # alone it clears no line stop
    assert rig.bits()["line_stop_req"]
    rig.raise_coils("clear_line_stop", "clear_error")
    for seq, stops in ((3, False), (4, True)):
        rig.write(ack_seq=seq - 1)
        rig.trigger(seq)
        rig.wait(310)
        assert rig.bits()["line_stop_req"] is stops


@pytest.mark.parametrize(
    ("status", "gate"), [(2, Gate.NOT_SEEN), (3, Gate.BIN_FULL), (4, Gate.LOW_AIR)]
)
def test_an_ejection_that_the_gate_denies_is_a_fault_until_it_is_cleared(rig, status, gate):
    rig.trigger(1)
    rig.say(1, REJECT)
    rig.write(ack_seq=1)
    assert rig.bits()["trigger_ready"]
    rig.write(reject_confirm_seq=1, confirm_status=status)
    assert [(note.key.trigger_seq, note.gate) for note in rig.notes] == [(1, gate)]
    assert (rig.read()["error_code"], rig.read()["phase"]) == (9, 5)
    assert (rig.read()["unconfirmed"], rig.bits()["trigger_ready"]) == (1, False)
    rig.wait(10_100)
    assert rig.read()["unconfirmed"] == 1  # the same part is not counted again
    rig.raise_coils("clear_error")
    assert rig.bits()["trigger_ready"]


def test_the_gates_word_is_a_later_revision_and_silence_is_a_fault(rig):
    for seq in (1, 2):
        rig.trigger(seq)
        rig.say(seq, REJECT)
        rig.write(ack_seq=seq)
    rig.write(reject_confirm_seq=1, confirm_status=1)
    assert [(note.key.trigger_seq, note.gate) for note in rig.notes] == [(1, Gate.EJECTED)]
    rig.wait(10_100)
    assert [(note.key.trigger_seq, note.gate) for note in rig.notes[1:]] == [(2, Gate.NOT_SEEN)]
    assert rig.read()["error_code"] == 9


def test_a_gate_that_speaks_before_the_part_is_settled_is_in_the_disposition(rig):
    rig.trigger(1)
    rig.write(reject_confirm_seq=1, confirm_status=1)
    rig.wait(310)
    assert rig.settled[1].gate is Gate.EJECTED


def test_in_observe_nothing_is_asked_of_the_gate(rig):
    rig.follow(release(mode=Mode.OBSERVE), UP)
    assert rig.read()["mode"] == 0
    rig.trigger(1)
    rig.say(1, REJECT)
    assert (rig.settled[1].gate, rig.settled[1].mode) == (Gate.NOT_ASKED, Mode.OBSERVE)


def test_the_gates_word_of_a_guarded_part_is_still_waited_for_in_another_mode(rig):
    rig.trigger(1)
    rig.say(1, REJECT)
    rig.follow(release(mode=Mode.OBSERVE), UP)
    rig.wait(10_100)
    assert [(note.key.trigger_seq, note.gate) for note in rig.notes] == [(1, Gate.NOT_SEEN)]


def test_parts_triggered_in_challenge_mode_are_marked_and_judged_as_others_are(rig):
    rig.trigger(1)
    rig.set_coils("challenge_mode")
    assert rig.bits()["challenge_active"]
    for seq, decision in ((2, REJECT), (3, PASS), (5, REJECT)):  # nobody announced the fourth
        rig.trigger(seq)
        rig.say(seq, decision)
        rig.write(ack_seq=seq)
    rig.set_coils()
    assert not rig.bits()["challenge_active"]
    rig.say(1, REJECT)
    rig.wait(310)
    marked = {seq for seq, each in rig.settled.items() if each.challenge}
    assert marked == {2, 3, 5}
    assert rig.settled[2].gate is Gate.PENDING
    assert rig.settled[3].decision is PASS
    assert rig.asked[2].challenge
    assert rig.read()["inspected"] == 5  # the PLC's own counters have them too


def test_a_challenge_does_not_switch_the_line_stop_off():
    rig = Rig(consecutive_reject_limit=2)
    rig.meet()
    rig.set_coils("challenge_mode")
    for seq in (1, 2):
        assert not rig.bits()["line_stop_req"]
        rig.trigger(seq)
        rig.say(seq, REJECT)
        rig.write(ack_seq=seq)
    assert rig.bits()["line_stop_req"]


def test_a_silent_plc_is_a_fault(rig):
    rig.clock.advance_ms(2100)
    rig.station.tick(rig.clock.now())
    assert rig.read()["error_code"] == 1
    rig.raise_coils("clear_error")
    assert rig.bits()["trigger_ready"]
