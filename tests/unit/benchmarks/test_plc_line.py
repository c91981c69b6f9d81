"""The benchmark of the bridge says so when a promise does not hold."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.plc.facts import Disposed, Facts, Outage
from benchmarks.plc.outcome import outcome_of
from benchmarks.plc.plc_page import Setting, document, report
from benchmarks.plc.plc_run import Plan
from benchmarks.plc.script import Fate, Mixture, Said, Script
from benchmarks.plc.share import quantiles, share_of
from contracts.causes import Cause, Decision, Mode
from contracts.identity import PartKey, Stamp
from contracts.messages import Trigger
from storage.queries import LedgerRow, PartTimes

MS = 1_000_000
FATES = (Fate.PASS, Fate.REJECT, Fate.LATE_PASS, Fate.LOST)
PASS, REJECT, NONE = Decision.PASS, Decision.REJECT, Decision.NO_VERDICT


def trigger(seq: int) -> Trigger:
    started_at = Stamp(utc_ns=seq * 1000 * MS, monotonic_ns=seq * 1000 * MS, boot_id="b")
    part = PartKey(station="gate", epoch=1, trigger_seq=seq)
    return Trigger(part=part, part_id=100 + seq, started_at=started_at, deadline_ms=500)


def said(seq: int, fate: Fate) -> Said:
    after_ms = {Fate.LATE_PASS: 600, Fate.LOST: None}.get(fate, 50)
    sent_ns = None if after_ms is None else (seq * 1000 + after_ms) * MS
    return Said(trigger(seq), fate, f"v{seq}", sent_ns)


def disposed(seq: int, decision: Decision, late: str | None = None) -> Disposed:
    cause = Cause.EXPIRED if decision is NONE else None
    one = trigger(seq)
    return Disposed(one.part, one.part_id, decision, cause, Mode.GUARD, late, one.started_at.utc_ns)


def at_the_gate(seq: int, gate: str) -> dict[str, Any]:
    part = {"part_id": 100 + seq, "seq": seq, "boot_id": 1, "mode": "guard"}
    return part | {"ordered": gate, "gate": gate}


def facts(**changes: Any) -> Facts:
    """Four parts, one of each fate, and all went as it must."""
    usual: dict[str, Any] = {
        "said": {str(trigger(seq).part): said(seq, fate) for seq, fate in enumerate(FATES, 1)},
        "ledger": [
            LedgerRow("gate", 1, 1, 4, 4, 1, 1, {Cause.EXPIRED: 2}, 0, 1, True),
        ],
        "disposed": [
            *(disposed(1, PASS), disposed(2, REJECT), disposed(3, NONE, "v3"), disposed(4, NONE))
        ],
        "gates": ["passed", "ejected", "ejected", "ejected"],
        "triggered": 4,
        "outages": [],
    } | changes
    gates = [at_the_gate(seq, gate) for seq, gate in enumerate(usual.pop("gates"), 1)]
    unit = {"triggered": usual.pop("triggered"), "parts": gates}
    return Facts(times=[], report={"units": {"1": unit}}, gate_way_ms=800, **usual)


def test_a_sound_run_has_nothing_to_say():
    outcome = outcome_of(facts())
    assert outcome.broken() == []
    assert (outcome.late, outcome.late_recorded, outcome.passed) == (1, 1, 1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"gates": ["passed", "passed", "ejected", "ejected"]}, "wrong_pass is 1"),
        ({"gates": ["passed", "ejected", "passed", "ejected"]}, "wrong_pass is 1"),
        ({"gates": ["passed", "ejected", "ejected", "passed"]}, "wrong_pass is 1"),
        (
            {"ledger": [LedgerRow("gate", 1, 1, 5, 5, 1, 1, {}, 1, 1, False)]},
            "the ledger is not closed: 1 of 5 are missing",
        ),
        ({"ledger": []}, "the ledger is not closed"),
        ({"triggered": 5}, "the PLC counted 5 parts, the ledger has 4"),
        ({"disposed": [disposed(1, PASS), disposed(2, REJECT)]}, "2 parts at the gate are in no"),
        ({"disposed": [disposed(3, PASS, "v3")]}, "1 late passes were applied"),
        ({"disposed": [disposed(3, NONE)]}, "1 of 1 late passes are not recorded"),
        ({"gates": ["ejected"] * 4}, "over_rejected outside restarts is 1"),
    ],
)
def test_what_does_not_hold_is_said(changes, says):
    broken = outcome_of(facts(**changes)).broken()
    assert any(one.startswith(says) for one in broken), broken


@pytest.mark.parametrize(("killed_ms", "outside"), [(1500, 0), (900, 0), (1900, 1), (-4000, 1)])
def test_a_part_on_the_belt_in_a_restart_may_be_ejected(killed_ms, outside):
    outage = Outage(killed_ms * MS, (killed_ms + 500) * MS)
    outcome = outcome_of(facts(gates=["ejected"] * 4, outages=[outage]))
    assert sum(outcome.over_rejected.values()) == 1
    assert outcome.over_rejected_outside == outside


def test_the_script_is_the_seeds_and_as_asked():
    parts = [trigger(seq) for seq in range(1, 5001)]
    script = Script(Mixture(), seed=3)
    spoken = [script.of(part) for part in parts]
    assert spoken == [Script(Mixture(), seed=3).of(part) for part in parts]
    fates = [fate for fate, _ in spoken]
    assert fates.count(Fate.LATE_PASS) == pytest.approx(100, abs=30)
    assert fates.count(Fate.LOST) == pytest.approx(50, abs=20)
    assert fates.count(Fate.REJECT) == pytest.approx(970, abs=90)
    assert all(ms > 500 for fate, ms in spoken if fate is Fate.LATE_PASS)
    assert all(20 <= ms <= 120 for fate, ms in spoken if fate in (Fate.PASS, Fate.REJECT))


def times(seq: int, arrived_ms: float, own_ms: float, acknowledge_ms: float | None) -> PartTimes:
    return PartTimes(
        part=PartKey(station="gate", epoch=1, trigger_seq=seq),
        started_at_utc_ns=0,
        start_to_capture_ms=None,
        capture_to_decision_ms=None,
        capture_to_plc_ms=None,
        start_to_plc_ms=arrived_ms + own_ms,
        verdict_to_plc_ms=own_ms,
        plc_to_acknowledge_ms=acknowledge_ms,
        timings_ms={},
    )


def test_a_verdict_that_waited_for_the_plc_is_told_apart():
    share = share_of([times(2, 105, 6.0, 3), times(1, 100, 2.0, 8), times(3, 130, 3.0, None)])
    assert share.whole == (3, 3.0, 6.0, 6.0)
    assert share.own == (3, 2.0, 3.0, 3.0)
    assert quantiles([]) == (0, None, None, None)


def test_page_and_json_say_what_does_not_hold():
    outcome = outcome_of(facts())
    plan, share = Plan(parts=4, parts_per_s=20), share_of([times(1, 100, 2.0, 8)])
    setting = Setting("referee bench plc", ["p99 is slow"], (plan, outcome), (plan, share))
    page = document(setting)
    assert "referee bench plc" in page
    assert "- p99 is slow" in page
    assert "| the bridge's own share | 1 | 2.00 | 2.00 | 2.00 |" in page
    told = report(setting)
    assert told["line"]["outcome"]["wrong_pass"] == 0
    assert told["share"]["whole"]["p99"] == 2.0
