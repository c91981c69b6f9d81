"""What power cycles came to: every part of the ledger held against what the PLC counted. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.plc.facts import Disposed
from benchmarks.plc.outcome import may_pass
from benchmarks.plc.power_run import PowerFacts
from contracts.causes import Decision
from simulation.gate_check import check_gate, gate_parts
from simulation.soft_plc.belt import Counted, part_id_of


@dataclass(frozen=True)
class PowerOutcome:
    """Counts of parts.

    Attributes:
        cuts: how often the power of what was cut.
        counted: parts that the PLC counted.
        in_ledger: dispositions, each of one part.
        phantoms: dispositions of parts that the PLC did not count under the epoch's boot id.
        in_two_epochs: parts with more than one disposition.
        holes: parts between the first and the last of a boot that have no disposition.
        unrecorded: parts that the PLC counted and forgot before the bridge had them on disk.
        wrong_pass: went through the gate although no pass for them was sent in time.
        unlike_ledger: went through although the ledger does not say pass.
        jumps: epochs that began with a jump of the counter.
        missing: sequences of the ledger without a disposition.
    """

    cuts: Mapping[str, int]
    counted: int
    epochs: int
    in_ledger: int
    phantoms: int
    in_two_epochs: int
    holes: int
    unrecorded: int
    wrong_pass: int
    unlike_ledger: int
    jumps: int
    missing: int
    closed: bool
    passed: int
    ejected: int
    decisions: Mapping[str, int]
    causes: Mapping[str, int]

    @property
    def broken(self) -> list[str]:
        """Return the promises that do not hold, each as a sentence."""
        promises = {
            f"{self.phantoms} phantom parts": self.phantoms == 0,
            f"{self.wrong_pass} wrong passes": self.wrong_pass == 0,
            f"{self.unlike_ledger} parts went through that the ledger does not call a pass": (
                self.unlike_ledger == 0
            ),
            f"{self.in_two_epochs} parts are in two epochs": self.in_two_epochs == 0,
            f"{self.holes} parts between others have no disposition": self.holes == 0,
            f"{self.jumps} epochs began with a jump": self.jumps == 0,
            f"the ledger is not closed: {self.missing} are missing": (
                self.closed and self.missing == 0
            ),
            "no part passed: nothing was tested": self.passed > 0,
        }
        return [promise for promise, holds in promises.items() if not holds]


def power_outcome(facts: PowerFacts) -> PowerOutcome:
    """Hold the ledger and the gate against what the PLC counted and the script said."""
    counted = {each["boot_id"]: Counted(**each) for each in facts.unit["counted"]}
    boot_of = {each.epoch: each.plc_boot_id for each in facts.epochs}
    gate = gate_parts(facts.unit)
    by_id = {said.trigger.part_id: said for said in facts.said.values()}
    check = check_gate([one.as_ledger_part for one in facts.disposed], gate)
    by_boot = _by_boot(facts, boot_of)
    total = sum(boot.last_seq - boot.first_seq + 1 for boot in counted.values())
    known = sum(len(set(seqs)) for seqs in by_boot.values())
    return PowerOutcome(
        cuts=facts.cuts,
        counted=total,
        epochs=len(facts.epochs),
        in_ledger=len(facts.disposed),
        phantoms=sum(_is_phantom(one, boot_of, counted) for one in facts.disposed),
        in_two_epochs=sum(len(seqs) - len(set(seqs)) for seqs in by_boot.values()),
        holes=sum(max(seqs) - min(seqs) + 1 - len(set(seqs)) for seqs in by_boot.values()),
        unrecorded=total - known,
        wrong_pass=sum(not (part.ejected or may_pass(by_id, part)) for part in gate),
        unlike_ledger=check.wrong_pass,
        jumps=sum(each.after_jump for each in facts.epochs),
        missing=sum(row.missing for row in facts.ledger),
        closed=bool(facts.ledger) and all(row.closed for row in facts.ledger),
        passed=check.passed,
        ejected=check.ejected,
        decisions=Counter(str(one.decision) for one in facts.disposed),
        causes=Counter(
            str(one.cause) for one in facts.disposed if one.decision is Decision.NO_VERDICT
        ),
    )


def _by_boot(facts: PowerFacts, boot_of: Mapping[int, int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for one in facts.disposed:
        found[boot_of.get(one.part.epoch, 0)].append(one.part.trigger_seq)
    return found


def _is_phantom(one: Disposed, boot_of: Mapping[int, int], counted: Mapping[int, Counted]) -> bool:
    """Return whether the PLC never counted such a part under the boot id of its epoch."""
    boot = counted.get(boot_of.get(one.part.epoch, 0))
    if boot is None or not boot.first_seq <= one.part.trigger_seq <= boot.last_seq:
        return True
    return one.part_id not in (0, part_id_of(boot.boot_id, one.part.trigger_seq))
