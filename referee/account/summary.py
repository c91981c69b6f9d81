"""Summary of a run: the ledger in SQL compared with what the PLC's gate did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from contracts.causes import Decision
from contracts.percentiles import percentile
from referee.account.truth import Judgement, count_errors
from simulation.gate_check import GateCheck, LedgerPart, check_gate, gate_parts
from storage.queries import DecidedPart, LedgerRow


class RunFacts(NamedTuple):
    """Everything that a run recorded.

    Attributes:
        units: PLC unit of each station.
        report: what the soft PLC wrote.
        capture_to_plc_ms: of every part with a pass or a reject.
        restarts: how often each process that died was started again.
    """

    units: Mapping[str, int]
    ledger: Sequence[LedgerRow]
    parts: Sequence[DecidedPart]
    report: Mapping[str, Any]
    capture_to_plc_ms: Sequence[float]
    restarts: Mapping[str, int]


def summarise(facts: RunFacts, is_defective: Callable[[str], bool | None]) -> dict[str, Any]:
    """Return one JSON object. It has escapes and false rejects if the pictures' truth is known."""
    gate = _gates(facts)
    triggered_by_plc = sum(unit["triggered"] for unit in facts.report["units"].values())
    triggered = sum(row.triggered for row in facts.ledger)
    causes: Counter[str] = Counter()
    for row in facts.ledger:
        causes.update({str(cause): count for cause, count in row.no_verdict.items()})
    closed = bool(facts.ledger) and all(row.closed for row in facts.ledger)
    summary: dict[str, Any] = {
        "triggered": triggered,
        "pass": sum(row.passed for row in facts.ledger),
        "reject": sum(row.rejected for row in facts.ledger),
        "no_verdict": dict(causes),
        "ledger_closed": closed and triggered == triggered_by_plc and gate.unmatched == 0,
        "missing": sum(row.missing for row in facts.ledger),
        "triggered_by_plc": triggered_by_plc,
        "gate": gate._asdict(),
        "capture_to_plc_ms": {
            "p50": _tenths(percentile(facts.capture_to_plc_ms, 50)),
            "p99": _tenths(percentile(facts.capture_to_plc_ms, 99)),
        },
        "restarts": dict(facts.restarts),
    }
    errors = count_errors(_judgements(facts.parts), is_defective)
    return summary | (errors._asdict() if errors else {})


def is_sound(summary: Mapping[str, Any]) -> bool:
    """Return whether the ledger is closed and only parts with the verdict pass passed the gate."""
    return bool(summary["ledger_closed"]) and summary["gate"]["wrong_pass"] == 0


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _gates(facts: RunFacts) -> GateCheck:
    checks = [
        check_gate(_rows(facts.parts, station), gate_parts(facts.report["units"][str(unit)]))
        for station, unit in facts.units.items()
    ]
    return GateCheck(*(sum(column) for column in zip(*checks, strict=True)))


def _rows(parts: Iterable[DecidedPart], station: str) -> list[LedgerPart]:
    return [
        LedgerPart(one.part.epoch, one.part.trigger_seq, one.part_id, one.decision, one.mode)
        for one in parts
        if one.part.station == station
    ]


def _judgements(parts: Iterable[DecidedPart]) -> list[Judgement]:
    return [Judgement(Decision(one.decision), one.source) for one in parts]
