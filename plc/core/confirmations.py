"""Ejections that the gate's sensor has yet to confirm. Pure, bounded."""

from __future__ import annotations

from typing import NamedTuple

from contracts.causes import Gate
from contracts.identity import PartKey, Stamp
from plc.core.effects import NoteGate
from plc.core.part import Part

LARGEST = 16384


class Pending(NamedTuple):
    """One ejection that was asked for. ``part`` is None for a part that was never announced."""

    key: PartKey
    due_ns: int
    part: Part | None


class Confirmations:
    """Asked-for ejections by sequence, oldest first."""

    def __init__(self, wait_ms: int) -> None:
        self._wait_ns = wait_ms * 1_000_000
        self._pending: dict[int, Pending] = {}

    def expect(self, key: PartKey, part: Part | None, now: Stamp) -> None:
        """The gate is to eject this part."""
        while len(self._pending) >= LARGEST:
            self._pending.pop(next(iter(self._pending)))
        due_ns = now.monotonic_ns + self._wait_ns
        self._pending[key.trigger_seq] = Pending(key, due_ns, part)

    def take(self, trigger_seq: int, gate: Gate) -> NoteGate | None:
        """Return what the sensor reported, None if no ejection of the part is expected."""
        pending = self._pending.pop(trigger_seq, None)
        return _noted(pending, gate) if pending else None

    def overdue(self, now: Stamp) -> list[NoteGate]:
        """Return the ejections that were not confirmed in time, each once."""
        late = []
        for seq, pending in list(self._pending.items()):
            if pending.due_ns > now.monotonic_ns:
                break
            late.append(_noted(self._pending.pop(seq), Gate.NOT_SEEN))
        return late

    def clear(self) -> None:
        """The PLC forgot its parts: nothing can be confirmed any more."""
        self._pending.clear()


def _noted(pending: Pending, gate: Gate) -> NoteGate:
    acknowledged_at = None
    if pending.part is not None:
        pending.part.confirm(gate)
        acknowledged_at = pending.part.acknowledged_at
    return NoteGate(pending.key, gate, acknowledged_at)
