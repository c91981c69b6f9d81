"""The oracle of the power cycles sees what must not be."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.plc.facts import Disposed
from benchmarks.plc.power_benchmark import PowerRun, broken
from benchmarks.plc.power_outcome import power_outcome
from benchmarks.plc.power_page import document
from benchmarks.plc.power_run import Epoch, PowerFacts, PowerPlan
from benchmarks.plc.script import Fate, Said
from contracts.causes import Cause, Decision, Mode
from contracts.identity import PartKey, Stamp
from contracts.messages import Trigger
from simulation.soft_plc.belt import part_id_of
from storage.queries import LedgerRow

PASS, REJECT, NONE = Decision.PASS, Decision.REJECT, Decision.NO_VERDICT
STARTED = Stamp(utc_ns=0, monotonic_ns=0, boot_id="b")
MISSED = Cause.MISSED_TRIGGER
BOOTS = {1: 7, 2: 8}
"""Epoch 1 is of boot 7, whose counter ended at 206; epoch 2 of boot 8, which went on with 207."""


def disposed(epoch: int, seq: int, decision: Decision, cause: Cause | None = None) -> Disposed:
    part = PartKey(station="gate", epoch=epoch, trigger_seq=seq)
    part_id = 0 if cause is MISSED else part_id_of(BOOTS[epoch], seq)
    return Disposed(part, part_id, decision, cause, Mode.GUARD, None, 0)


def at_the_gate(boot_id: int, seq: int, gate: str) -> dict[str, Any]:
    part = {"part_id": part_id_of(boot_id, seq), "seq": seq, "boot_id": boot_id, "mode": "guard"}
    return part | {"ordered": gate, "gate": gate}


def said(one: Disposed, fate: Fate) -> Said:
    trigger = Trigger(part=one.part, part_id=one.part_id, started_at=STARTED, deadline_ms=500)
    return Said(trigger, fate, "v", sent_ns=1)


LEDGER = [
    disposed(1, 205, PASS),
    disposed(1, 206, NONE, Cause.PLC_RESTART),
    disposed(2, 207, REJECT),
    disposed(2, 208, NONE, MISSED),
    disposed(2, 209, PASS),
]
GATE = [
    at_the_gate(7, 205, "passed"),
    at_the_gate(7, 206, "ejected"),
    at_the_gate(8, 207, "ejected"),
    at_the_gate(8, 208, "ejected"),
    at_the_gate(8, 209, "passed"),
]
COUNTED = [
    {"boot_id": 7, "first_seq": 205, "last_seq": 206},
    {"boot_id": 8, "first_seq": 207, "last_seq": 210},
]


def facts(**changes: Any) -> PowerFacts:
    """Five parts of which all is right, and a sixth that the PLC counted and forgot."""
    usual: dict[str, Any] = {
        "cuts": {"plc": 1},
        "said": {str(one.part): said(one, Fate.PASS) for one in LEDGER if one.decision is PASS},
        "ledger": [LedgerRow("gate", 1, 1, 5, 5, 1, 1, {MISSED: 1}, 0, 1, True)],
        "disposed": LEDGER,
        "epochs": [Epoch(epoch, boot_id, False) for epoch, boot_id in BOOTS.items()],
        "gate": GATE,
    }
    given = usual | changes
    unit = {"counted": COUNTED, "parts": given.pop("gate")}
    return PowerFacts(**given, unit=unit)


def test_power_cycles_after_which_all_is_right_break_no_promise() -> None:
    outcome = power_outcome(facts())
    assert outcome.broken == []
    assert (outcome.counted, outcome.in_ledger, outcome.unrecorded) == (6, 5, 1)
    assert (outcome.passed, outcome.ejected) == (2, 3)


@pytest.mark.parametrize(
    ("changes", "promise"),
    [
        ({"disposed": [*LEDGER, disposed(2, 1, NONE, MISSED)]}, "1 phantom parts"),
        ({"disposed": [*LEDGER, disposed(2, 206, NONE, MISSED)]}, "1 phantom parts"),
        ({"epochs": [Epoch(1, 7, False), Epoch(2, 9, False)]}, "3 phantom parts"),
        ({"disposed": [*LEDGER, disposed(2, 209, PASS)]}, "1 parts are in two epochs"),
        ({"disposed": [*LEDGER[:3], LEDGER[4]]}, "1 parts between others have no disposition"),
        ({"gate": [*GATE[:1], at_the_gate(7, 206, "passed"), *GATE[2:]]}, "1 wrong passes"),
        ({"said": {}}, "2 wrong passes"),
        ({"gate": []}, "no part passed"),
        ({"epochs": [Epoch(1, 7, False), Epoch(2, 8, True)]}, "1 epochs began with a jump"),
        ({"ledger": []}, "the ledger is not closed"),
    ],
)
def test_what_must_not_be_is_said(changes: dict[str, Any], promise: str) -> None:
    run = PowerRun(PowerPlan(cycles=1, retentive=True), power_outcome(facts(**changes)))
    assert any(promise in said for said in run.outcome.broken), run.outcome.broken
    assert f"- retentive counter: {run.outcome.broken[0]}" in document([run], "command")
    assert broken([run])


def test_the_page_says_that_all_holds() -> None:
    run = PowerRun(PowerPlan(cycles=1, retentive=False), power_outcome(facts()))
    page = document([run], "referee bench power")
    assert "All that must hold, holds." in page
    assert "| **phantom parts** | 0 |" in page
