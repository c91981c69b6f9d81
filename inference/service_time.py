"""How long the newest parts took, to estimate whether one more can be done in time."""

from __future__ import annotations

from collections import defaultdict, deque
from statistics import median

SAMPLES = 9


class ServiceTimes:
    """The newest service times of each station, milliseconds."""

    def __init__(self) -> None:
        self._newest_ms: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=SAMPLES))

    def add(self, station: str, milliseconds: float) -> None:
        """Add the time that one part took."""
        self._newest_ms[station].append(milliseconds)

    def median_ms(self, station: str) -> float:
        """Return the median of the newest; 0 before the first, so that a part is tried."""
        newest = self._newest_ms[station]
        return median(newest) if newest else 0.0

    def second_slowest_ms(self, station: str) -> float:
        """Return the second slowest of the newest: with the median, half would be late."""
        newest = sorted(self._newest_ms[station])
        return newest[max(0, len(newest) - 2)] if newest else 0.0

    def forget_oldest(self, station: str) -> None:
        """Forget the oldest time, when a part was refused although it had not waited.

        A refused part measures nothing new, so one slow spell would refuse parts for ever. After at
        most as many refusals as samples, a part is tried again.
        """
        if self._newest_ms[station]:
            self._newest_ms[station].popleft()
