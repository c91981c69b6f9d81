"""The ledger against what the gate did, part by part. Pure.

Two numbers come of it that matter most: a part that went through although the ledger does not say
pass (``wrong_pass``), and one that was ejected although the ledger says pass (``over_rejected``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from contracts.causes import Decision, Mode


class LedgerPart(NamedTuple):
    """One disposition. ``part_id`` is 0 for a part that was never announced.

    Attributes:
        mode: at the part's trigger; of a part that was never announced, when that was found out.
    """

    epoch: int
    trigger_seq: int
    part_id: int
    decision: Decision
    mode: Mode


class GatePart(NamedTuple):
    """One part at the gate, as the PLC reports it. ``seq`` counts since the PLC booted.

    Attributes:
        ordered: whether the program told the gate to eject it.
        ejected: whether the gate's sensor saw it go.
        mode: guard, if it was when the part was triggered or when it was at the gate.
    """

    boot_id: int
    seq: int
    part_id: int
    ordered: bool
    ejected: bool
    mode: Mode


class GateCheck(NamedTuple):
    """How ledger and gate agree.

    Attributes:
        unmatched: parts at the gate that the ledger does not have.
        not_moved: parts that went through although the program ordered the gate to eject them.
    """

    ejected: int
    passed: int
    wrong_pass: int
    over_rejected: int
    unmatched: int
    not_moved: int


def gate_parts(unit: Mapping[str, Any]) -> list[GatePart]:
    """The parts of one unit of a soft PLC's report."""
    return [
        GatePart(
            part["boot_id"],
            part["seq"],
            part["part_id"],
            part["ordered"] == "ejected",
            part["gate"] == "ejected",
            Mode(part["mode"]),
        )
        for part in unit["parts"]
    ]


def check_gate(ledger: Iterable[LedgerPart], gate: Iterable[GatePart]) -> GateCheck:
    """Hold one station's ledger against its gate.

    Announced parts meet by part id; the others by their sequence in the epoch that the PLC's boot
    opened. A part that went through is a wrong pass where PLC or ledger say guard, and the ledger
    does not say pass or does not have it.
    """
    rows, parts = list(ledger), list(gate)
    by_id = {row.part_id: row for row in rows if row.part_id}
    by_seq = {(row.epoch, row.trigger_seq): row for row in rows}
    epochs = _epoch_of_boot(parts, by_id)
    found = Counter[str]()
    for part in parts:
        row = by_id.get(part.part_id) or by_seq.get((epochs.get(part.boot_id, -1), part.seq))
        found.update(_judge(part, row))
    return GateCheck(
        ejected=sum(part.ejected for part in parts),
        passed=sum(not part.ejected for part in parts),
        wrong_pass=found["wrong_pass"],
        over_rejected=found["over_rejected"],
        unmatched=found["unmatched"],
        not_moved=sum(part.ordered and not part.ejected for part in parts),
    )


def _judge(part: GatePart, row: LedgerPart | None) -> list[str]:
    faults = []
    is_pass = row is not None and row.decision is Decision.PASS
    announced_in = row.mode if row is not None and row.part_id else None
    if row is None:
        faults.append("unmatched")
    if not part.ejected and Mode.GUARD in (part.mode, announced_in) and not is_pass:
        faults.append("wrong_pass")
    if part.ejected and is_pass:
        faults.append("over_rejected")
    return faults


def _epoch_of_boot(parts: list[GatePart], by_id: Mapping[int, LedgerPart]) -> dict[int, int]:
    """The epoch that each PLC boot opened: the first one that a part of that boot is in."""
    epochs: dict[int, int] = {}
    for part in parts:
        row = by_id.get(part.part_id)
        if row is not None:
            epochs[part.boot_id] = min(row.epoch, epochs.get(part.boot_id, row.epoch))
    return epochs
