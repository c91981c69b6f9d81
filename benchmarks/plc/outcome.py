"""The outcome of a run, and whether each promise holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.plc.facts import Disposed, Facts, Outage
from benchmarks.plc.script import Fate, Said
from contracts.causes import Decision
from simulation.gate_check import GatePart, check_gate, gate_parts

BACK_AGAIN_NS = 2_000_000_000  # bridge, PLC and broker find each other
PASSES = (Fate.PASS, Fate.LATE_PASS)


@dataclass(frozen=True)
class Outcome:
    """Counts of parts.

    Attributes:
        fates: what the script did about the parts that were announced.
        wrong_pass: went through the gate although no pass for them was sent in time.
        unlike_ledger: went through although the ledger does not say pass.
        late: of passes that were sent too late: all, those the ledger has, those it applied.
        over_rejected: ejected although their pass was sent in time, by the ledger's cause.
        over_rejected_outside: those of them that were on the belt in no restart of the bridge.
    """

    triggered_by_plc: int
    at_the_gate: int
    triggered: int
    missing: int
    closed: bool
    decisions: Mapping[str, int]
    no_verdict: Mapping[str, int]
    fates: Mapping[str, int]
    passed: int
    ejected: int
    unmatched: int
    wrong_pass: int
    unlike_ledger: int
    late: int
    late_recorded: int
    late_applied: int
    over_rejected: Mapping[str, int]
    over_rejected_outside: int
    restarts: int

    def broken(self, over_rejected_allowed: int = 0) -> list[str]:
        """Return the promises that do not hold, each as a sentence."""
        promises = {
            f"wrong_pass is {self.wrong_pass}": self.wrong_pass == 0,
            f"{self.unlike_ledger} parts went through that the ledger does not call a pass": (
                self.unlike_ledger == 0
            ),
            f"the ledger is not closed: {self.missing} of {self.triggered} are missing": (
                self.closed and self.missing == 0
            ),
            f"the PLC counted {self.triggered_by_plc} parts, the ledger has {self.triggered}": (
                self.triggered_by_plc == self.triggered == self.at_the_gate
            ),
            f"{self.unmatched} parts at the gate are in no ledger": self.unmatched == 0,
            f"{self.late_applied} late passes were applied": self.late_applied == 0,
            f"{self.late - self.late_recorded} of {self.late} late passes are not recorded": (
                self.late == self.late_recorded
            ),
            f"over_rejected outside restarts is {self.over_rejected_outside}": (
                self.over_rejected_outside <= over_rejected_allowed
            ),
        }
        return [promise for promise, holds in promises.items() if not holds]


def outcome_of(facts: Facts) -> Outcome:
    """Hold the gate and the ledger against the script."""
    (unit,) = facts.report["units"].values()
    gate = gate_parts(unit)
    by_id = {said.trigger.part_id: said for said in facts.said.values()}
    check = check_gate([one.as_ledger_part for one in facts.disposed], gate)
    ledger = {str(one.part): one for one in facts.disposed}
    late = [s for s in facts.said.values() if s.fate in PASSES and s.sent_ns and not s.was_in_time]
    stopped = _over_rejected(gate, by_id, ledger)
    return Outcome(
        triggered_by_plc=unit["triggered"],
        at_the_gate=len(gate),
        triggered=sum(row.triggered for row in facts.ledger),
        missing=sum(row.missing for row in facts.ledger),
        closed=bool(facts.ledger) and all(row.closed for row in facts.ledger),
        decisions=Counter(str(one.decision) for one in facts.disposed),
        no_verdict=Counter(str(one.cause) for one in facts.disposed if one.cause is not None),
        fates=Counter(str(said.fate) for said in facts.said.values()),
        passed=check.passed,
        ejected=check.ejected,
        unmatched=check.unmatched,
        wrong_pass=sum(not (part.ejected or may_pass(by_id, part)) for part in gate),
        unlike_ledger=check.wrong_pass,
        late=len(late),
        late_recorded=sum(_is_recorded(said, ledger) for said in late),
        late_applied=sum(_is_applied(said, ledger) for said in late),
        over_rejected=Counter(_why(one) for one in stopped),
        over_rejected_outside=sum(not _in_an_outage(one, facts) for one in stopped),
        restarts=len(facts.outages),
    )


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """For JSON."""
    return {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in vars(outcome).items()
    }


def may_pass(by_id: Mapping[int, Said], part: GatePart) -> bool:
    """Return whether the script sent a pass for the part in time."""
    said = by_id.get(part.part_id)
    return said is not None and said.may_pass


def _over_rejected(
    gate: Sequence[GatePart], by_id: Mapping[int, Said], ledger: Mapping[str, Disposed]
) -> list[Disposed]:
    """Return the ledger's dispositions of ejected parts, all of which had been announced."""
    ejected = [by_id[part.part_id] for part in gate if part.ejected and may_pass(by_id, part)]
    keys = [str(said.trigger.part) for said in ejected]
    return [ledger[key] for key in keys if key in ledger]


def _why(one: Disposed) -> str:
    return str(one.cause or one.decision)


def _is_recorded(said: Said, ledger: Mapping[str, Disposed]) -> bool:
    one = ledger.get(str(said.trigger.part))
    return one is not None and one.late_verdict_id == said.verdict_id


def _is_applied(said: Said, ledger: Mapping[str, Disposed]) -> bool:
    one = ledger.get(str(said.trigger.part))
    return one is not None and one.decision is Decision.PASS


def _in_an_outage(one: Disposed, facts: Facts) -> bool:
    end_utc_ns = one.started_at_utc_ns + facts.gate_way_ms * 1_000_000

    def meets(outage: Outage) -> bool:
        after = one.started_at_utc_ns > outage.back_utc_ns + BACK_AGAIN_NS
        return not (after or end_utc_ns < outage.killed_utc_ns)

    return any(meets(outage) for outage in facts.outages)
