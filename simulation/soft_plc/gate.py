"""The reject gate as a thing: cylinder, bin, and the sensor at the bin's mouth. Pure.

It knows nothing of verdicts. The program orders, the gate does what it can, and what the sensor saw
is what happened to the part.
"""

from __future__ import annotations

from typing import NamedTuple

EJECTED, LOW_AIR = 1, 4  # as ConfirmStatus says them


class GatePlan(NamedTuple):
    """What goes wrong with it.

    Attributes:
        low_air_at: numbers of parts for which it fires and does not move.
        bin_holds: parts; None for a bin without a bottom.
    """

    low_air_at: frozenset[int] = frozenset()
    bin_holds: int | None = None
    bin_emptied_after_s: float = 5.0


class RejectGate:
    """A gate and the bin behind it.

    Attributes:
        fired: how often the program had it fire.
        hits: parts that the sensor saw fall into the bin.
        times_full: how often the bin was.
    """

    def __init__(self, plan: GatePlan) -> None:
        self._plan = plan
        self.fired = self.hits = self.times_full = 0
        self._in_bin = self._full_since_ns = 0

    @property
    def bin_is_full(self) -> bool:
        """The light barrier across the bin."""
        return self._plan.bin_holds is not None and self._in_bin >= self._plan.bin_holds

    def eject(self, number: int, now_ns: int) -> int:
        """Fire at a part. Return what the sensor and the pressure switch report."""
        self.fired += 1
        if number in self._plan.low_air_at:
            return LOW_AIR
        self.hits += 1
        self._in_bin += 1
        if self.bin_is_full:
            self.times_full += 1
            self._full_since_ns = now_ns
        return EJECTED

    def look_after(self, now_ns: int) -> None:
        """Empty a bin that has been full for a while."""
        emptied_ns = self._full_since_ns + round(self._plan.bin_emptied_after_s * 1e9)
        if self.bin_is_full and now_ns >= emptied_ns:
            self._in_bin = 0
