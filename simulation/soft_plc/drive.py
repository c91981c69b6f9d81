"""The belt's drive: how fast the belt runs, and when it stands. Pure, seeded.

When the drive changes is planned in the belt's own time, so a seed has it change at the same part
whatever else happens; how long it stands is time of the clock, for the belt's own stands too.
"""

from __future__ import annotations

import random
from typing import NamedTuple

S = 1_000_000_000
SPREAD = 0.5  # of the time between two changes, to either side


class DrivePlan(NamedTuple):
    """What the drive does to the belt; None is never.

    Attributes:
        least_speed: as a share of the greatest.
    """

    speed_change_every_s: float | None = None
    least_speed: float = 1.0
    stop_every_s: float | None = None
    stop_for_s: float = 2.0


class Drive:
    """Speed and stops of one belt.

    Attributes:
        speed: as a share of the greatest.
        stops: how often it has stopped the belt.
    """

    def __init__(self, plan: DrivePlan, seed: int) -> None:
        self._plan = plan
        self._random = random.Random(seed)
        self.speed = 1.0
        self.stops = 0
        self._stands_ns = 0
        self._change_at_ns = self._after(0, plan.speed_change_every_s)
        self._stop_at_ns = self._after(0, plan.stop_every_s)

    @property
    def stands(self) -> bool:
        """Whether the belt stands now."""
        return self._stands_ns > 0

    def travel(self, at_ns: int, elapsed_ns: int) -> int:
        """Return how far the belt, at ``at_ns`` of its own time, moves in a time of the clock."""
        begin_ns = at_ns
        while elapsed_ns > 0:
            if self._stands_ns:
                waited_ns = min(self._stands_ns, elapsed_ns)
                self._stands_ns -= waited_ns
                elapsed_ns -= waited_ns
                continue
            next_ns = min(self._stop_at_ns or at_ns + S, self._change_at_ns or at_ns + S)
            step_ns = max(0, next_ns - at_ns)
            needs_ns = round(step_ns / self.speed)
            if needs_ns > elapsed_ns:
                return at_ns + round(elapsed_ns * self.speed) - begin_ns
            at_ns, elapsed_ns = at_ns + step_ns, elapsed_ns - needs_ns
            self._take_up(at_ns)
        return at_ns - begin_ns

    def _take_up(self, at_ns: int) -> None:
        """Return what is planned for this place."""
        if self._change_at_ns and at_ns >= self._change_at_ns:
            self.speed = self._random.uniform(self._plan.least_speed, 1.0)
            self._change_at_ns = self._after(at_ns, self._plan.speed_change_every_s)
        if self._stop_at_ns and at_ns >= self._stop_at_ns:
            self.stops += 1
            self._stands_ns = round(self._plan.stop_for_s * S)
            self._stop_at_ns = self._after(at_ns, self._plan.stop_every_s)

    def _after(self, at_ns: int, every_s: float | None) -> int:
        """Return the next place of something periodic; 0 for never."""
        if every_s is None:
            return 0
        return at_ns + round(every_s * S * self._random.uniform(1 - SPREAD, 1 + SPREAD))
