"""How long a part takes, as the newest did: whether one more can be done in time."""

from __future__ import annotations

from collections import defaultdict, deque
from statistics import median

SAMPLES = 9


class ServiceTimes:
    """The newest service times of each station, milliseconds."""

    def __init__(self) -> None:
        self._newest_ms: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=SAMPLES))

    def add(self, station: str, milliseconds: float) -> None:
        """One part was inspected in this time."""
        self._newest_ms[station].append(milliseconds)

    def usual_ms(self, station: str) -> float:
        """Median of the newest; 0 before the first, so that a part is tried."""
        newest = self._newest_ms[station]
        return median(newest) if newest else 0.0

    def ample_ms(self, station: str) -> float:
        """What all of the newest but the slowest kept to: with the median, half would be late."""
        newest = sorted(self._newest_ms[station])
        return newest[max(0, len(newest) - 2)] if newest else 0.0

    def forget_one(self, station: str) -> None:
        """A part was refused although it had not waited: so slow a spell must not last for ever.

        Who refuses measures nothing new. After at most as many refusals as samples, one is tried.
        """
        if self._newest_ms[station]:
            self._newest_ms[station].popleft()
