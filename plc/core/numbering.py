"""What a station knows of its newest epoch: how far it went, and its dispositions counted. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.causes import Cause, Decision
from contracts.identity import PartKey


@dataclass
class LedgerCount:
    """Dispositions of one epoch."""

    passed: int = 0
    rejected: int = 0
    timeouts: int = 0
    missed: int = 0

    @property
    def inspected(self) -> int:
        """All of them: what the PLC triggered or meant to."""
        return self.passed + self.rejected + self.timeouts + self.missed

    def add(self, decision: Decision, cause: Cause | None) -> None:
        """One disposition."""
        name = column(decision, cause)
        setattr(self, name, getattr(self, name) + 1)


@dataclass
class Numbering:
    """The newest epoch of a station, as its journal has it; epoch 0 before the first.

    Attributes:
        plc_boot_id: of the PLC that counts in this epoch; 0 before the first.
    """

    station: str
    epoch: int = 0
    plc_boot_id: int = 0
    first_seq: int = 1
    last_seq: int = 0
    counts: LedgerCount = field(default_factory=LedgerCount)

    def key(self, trigger_seq: int) -> PartKey:
        """The identity of a part of this epoch."""
        return PartKey(station=self.station, epoch=self.epoch, trigger_seq=trigger_seq)

    def back_to(self, seq16: int) -> int:
        """The newest sequence, not after the last one, that looks like ``seq16`` on the wire.

        Negative for one that cannot be of this epoch.
        """
        return self.last_seq - ((self.last_seq - seq16) & 0xFFFF)

    def begin(self, epoch: int, plc_boot_id: int, first_seq: int) -> None:
        """A new epoch."""
        self.epoch = epoch
        self.plc_boot_id = plc_boot_id
        self.first_seq = first_seq
        self.last_seq = first_seq - 1
        self.counts = LedgerCount()


def column(decision: Decision, cause: Cause | None) -> str:
    """The counter that a disposition belongs to."""
    if cause is Cause.MISSED_TRIGGER:
        return "missed"
    return {Decision.PASS: "passed", Decision.REJECT: "rejected"}.get(decision, "timeouts")
