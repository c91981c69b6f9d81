"""A run is summed up from what ledger, gate and truth say, and does not flatter."""

from typing import Any

from contracts.causes import Cause, Decision, Gate
from contracts.identity import PartKey
from referee.account.summary import RunFacts, is_sound, summarise
from storage.queries import DecidedPart, LedgerRow

DECISIONS = (Decision.PASS, Decision.REJECT, Decision.NO_VERDICT)


def part(seq: int, decision: Decision) -> DecidedPart:
    key = PartKey(station="tiles", epoch=1, trigger_seq=seq)
    return DecidedPart(key, 100 + seq, decision, Gate.NOT_ASKED, source=f"picture-{seq}")


def at_the_gate(seq: int, gate: str) -> dict[str, Any]:
    part = {"part_id": 100 + seq, "seq": seq, "boot_id": 7, "mode": "guard"}
    return part | {"ordered": gate, "gate": gate}


def facts(**changes: Any) -> RunFacts:
    row = LedgerRow(
        station="tiles",
        epoch=1,
        first_seq=1,
        last_seq=3,
        triggered=3,
        passed=1,
        rejected=1,
        no_verdict={Cause.EXPIRED: 1},
        missing=0,
        known_at_utc_ns=1,
        closed=True,
    )
    gates = [at_the_gate(1, "passed"), at_the_gate(2, "ejected"), at_the_gate(3, "ejected")]
    usual = {
        "units": {"tiles": 1},
        "ledger": [row],
        "parts": [part(seq, decision) for seq, decision in enumerate(DECISIONS, start=1)],
        "report": {"units": {"1": {"triggered": 3, "parts": gates}}},
        "capture_to_plc_ms": [10.0, 20.0],
        "restarts": {},
    }
    return RunFacts(**usual | changes)


def unknown(source: str) -> None:
    return None


def test_a_sound_run() -> None:
    summary = summarise(facts(), unknown)
    assert is_sound(summary)
    assert (summary["triggered"], summary["pass"], summary["reject"]) == (3, 1, 1)
    assert summary["no_verdict"] == {"expired": 1}
    assert summary["gate"]["passed"] == 1
    assert summary["gate"]["wrong_pass"] == summary["gate"]["over_rejected"] == 0
    assert "escapes" not in summary


def test_a_reject_that_went_through_is_a_wrong_pass() -> None:
    gates = [at_the_gate(seq, "passed") for seq in (1, 2, 3)]
    summary = summarise(facts(report={"units": {"1": {"triggered": 3, "parts": gates}}}), unknown)
    assert summary["gate"]["wrong_pass"] == 2
    assert not is_sound(summary)


def test_a_ledger_that_the_plc_does_not_agree_with_is_not_closed() -> None:
    gates = [at_the_gate(seq, "ejected") for seq in (2, 3)]
    summary = summarise(facts(report={"units": {"1": {"triggered": 4, "parts": gates}}}), unknown)
    assert not summary["ledger_closed"]


def test_no_ledger_is_not_closed() -> None:
    summary = summarise(facts(ledger=[], parts=[]), unknown)
    assert not summary["ledger_closed"]


def test_errors_are_counted_where_the_truth_is_known() -> None:
    summary = summarise(facts(), {"picture-1": True, "picture-2": False}.get)
    assert (summary["defective"], summary["escapes"]) == (1, 1)
    assert (summary["good"], summary["false_rejects"]) == (1, 1)
