"""The counters that the registers show, per epoch. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.causes import Cause, Decision


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


def column(decision: Decision, cause: Cause | None) -> str:
    """The counter that a disposition belongs to."""
    if cause is Cause.MISSED_TRIGGER:
        return "missed"
    return {Decision.PASS: "passed", Decision.REJECT: "rejected"}.get(decision, "timeouts")
