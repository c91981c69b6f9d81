"""When the next frame of a camera without a pace of its own is due."""

from __future__ import annotations

from collections.abc import Callable

from runtime.process.clock import Clock

LONGEST_WAIT_S = 0.5


class Pace:
    """At most so many a second: a frame that comes late moves those behind it."""

    def __init__(self, clock: Clock, sleep: Callable[[float], object]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._due_ns = 0

    def wait(self, frames_per_s: float) -> bool:
        """Wait for the next one, half a second at most. Whether it is due."""
        ahead_s = (self._due_ns - self._clock.now().monotonic_ns) / 1e9
        if ahead_s > LONGEST_WAIT_S:
            self._sleep(LONGEST_WAIT_S)
            return False
        self._sleep(max(0.0, ahead_s))
        begun_ns = max(self._due_ns, self._clock.now().monotonic_ns)
        self._due_ns = begun_ns + round(1e9 / frames_per_s)
        return True
