"""The ledger against the gate."""

from __future__ import annotations

from contracts.causes import Decision, Mode
from simulation.gate_check import GatePart, LedgerPart, check_gate

PASS, REJECT, NONE = Decision.PASS, Decision.REJECT, Decision.NO_VERDICT


def gate(
    seq: int,
    *,
    ejected: bool,
    mode: Mode = Mode.GUARD,
    boot: int = 1,
    ordered: bool | None = None,
) -> GatePart:
    fired = ejected if ordered is None else ordered
    return GatePart(boot, seq, boot * 1000 + seq, fired, ejected, mode)


def row(epoch: int, seq: int, part_id: int, decision: Decision, mode: Mode = Mode.GUARD):
    return LedgerPart(epoch, seq, part_id, decision, mode)


def test_agreement():
    ledger = [row(9, 1, 1001, PASS), row(9, 2, 1002, REJECT)]
    check = check_gate(ledger, [gate(1, ejected=False), gate(2, ejected=True)])
    assert check == (1, 1, 0, 0, 0, 0)


def test_wrong_pass_and_over_rejected():
    ledger = [row(9, 1, 1001, PASS), row(9, 2, 1002, NONE)]
    check = check_gate(ledger, [gate(1, ejected=True), gate(2, ejected=False)])
    assert (check.wrong_pass, check.over_rejected) == (1, 1)


def test_observe_lets_everything_through_and_nothing_of_it_is_wrong():
    check = check_gate(
        [row(9, 1, 1001, REJECT, Mode.OBSERVE)], [gate(1, ejected=False, mode=Mode.OBSERVE)]
    )
    assert (check.passed, check.wrong_pass) == (1, 0)


def test_a_part_that_was_never_announced_meets_its_sequence_in_the_epoch_of_its_boot():
    ledger = [
        row(9, 1, 1001, PASS),
        row(9, 2, 0, NONE),
        row(12, 1, 2001, PASS),
        row(12, 2, 2002, PASS),
    ]
    parts = [gate(1, ejected=False), gate(2, ejected=True), gate(2, ejected=False, boot=2)]
    assert check_gate(ledger, parts) == (1, 2, 0, 0, 0, 0)


def test_a_part_that_went_through_and_is_in_no_ledger_is_a_wrong_pass():
    assert check_gate([], [gate(1, ejected=False)]) == (0, 1, 1, 0, 1, 0)


def test_a_reject_that_the_gate_did_not_move_went_through_and_says_why():
    check = check_gate([row(9, 1, 1001, REJECT)], [gate(1, ejected=False, ordered=True)])
    assert (check.wrong_pass, check.not_moved) == (1, 1)


def test_a_part_that_the_ledger_has_in_guard_is_no_part_for_a_gate_that_lets_all_through():
    parts = [gate(seq, ejected=False, mode=Mode.OBSERVE) for seq in (1, 2)]
    ledger = [row(9, 1, 1001, REJECT), row(9, 2, 0, NONE)]  # 2: nobody knew its mode
    assert check_gate(ledger, parts).wrong_pass == 1
