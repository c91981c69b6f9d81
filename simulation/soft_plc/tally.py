"""What the simulated gate did: counts, and part by part. Pure."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Any

from contracts.causes import Mode
from simulation.soft_plc.belt import Slot

KEPT_OF_AN_ENDLESS_RUN = 2000
TOLD_ON_THE_WAY = 200


class Tally:
    """One unit's share of the report."""

    def __init__(self, boot_id: int, parts: int | None) -> None:
        self._boot_id = boot_id
        self.triggered = self.ordered = self.ejected = self.passed = self.untracked = 0
        self.acknowledged = self.confirmed = self.restarts = 0
        self.parts: deque[dict[str, Any]] = deque(maxlen=parts or KEPT_OF_AN_ENDLESS_RUN)

    def restarted(self, boot_id: int) -> None:
        """Note a restart of the PLC. Counts are of the whole run, so they stay."""
        self._boot_id = boot_id
        self.restarts += 1

    def gate(self, slot: Slot, mode: Mode, *, ordered: bool, ejected: bool) -> None:
        """Note what the program ordered for a part and what the gate did."""
        self.ordered += ordered
        self.ejected += ejected
        self.passed += not ejected
        self.parts.append(
            {
                "part_id": slot.part_id,
                "seq": slot.seq,
                "boot_id": slot.boot_id,
                "ordered": "ejected" if ordered else "passed",
                "gate": "ejected" if ejected else "passed",
                "mode": str(mode),
                "cleared": slot.cleared,
                "announced": slot.announced,
            }
        )

    def as_dict(self, *, whole: bool) -> dict[str, Any]:
        """Return the report. During the run it has the newest parts only: writing takes time."""
        parts = list(self.parts) if whole else list(islice(reversed(self.parts), TOLD_ON_THE_WAY))
        return {
            "boot_id": self._boot_id,
            "triggered": self.triggered,
            "restarts": self.restarts,
            "ordered": self.ordered,
            "ejected": self.ejected,
            "passed": self.passed,
            "untracked": self.untracked,
            "acknowledged": self.acknowledged,
            "confirmed": self.confirmed,
            "parts": parts if whole else parts[::-1],
        }
