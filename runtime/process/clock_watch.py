"""Notices that a person or a program set this machine's clock."""

from __future__ import annotations

from contracts.identity import Stamp
from contracts.process_state import Condition

LEAST_STEP_S = 1.0
"""Time services correct a clock by less than this at a time."""
SAID_FOR_S = 600.0


class ClockWatch:
    """Compares the clock with the monotonic one, which nobody can set."""

    def __init__(self) -> None:
        self._last: Stamp | None = None
        self._moved_s = 0.0
        self._moved_at_ns: int | None = None

    def look(self, now: Stamp) -> tuple[Condition, ...]:
        """Return that the clock was set, for 10 minutes after it was; nothing else."""
        if self._last is not None:
            step_s = _offset_s(now) - _offset_s(self._last)
            if abs(step_s) >= LEAST_STEP_S:
                self._moved_s = step_s
                self._moved_at_ns = now.monotonic_ns
        self._last = now
        if self._moved_at_ns is None or now.monotonic_ns - self._moved_at_ns > SAID_FOR_S * 1e9:
            return ()
        way = "back" if self._moved_s < 0 else "forward"
        return (Condition(code="clock_moved", detail=f"{way} by {abs(self._moved_s):.0f} s"),)


def _offset_s(at: Stamp) -> float:
    return (at.utc_ns - at.monotonic_ns) / 1e9
