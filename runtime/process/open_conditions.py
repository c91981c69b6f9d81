"""What is wrong in this process right now, gathered from all its threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from contracts.errors import TransientError
from contracts.process_state import Condition

FAILS_FOR_S = 0.5
"""A step that fails for a shorter time was only repeated: nobody needs to hear of it."""


class OpenConditions:
    """Conditions by their source: a loop, a watcher. Any thread may call any method."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._open: dict[str, tuple[Condition, ...]] = {}
        self._failing: dict[str, tuple[Condition, float]] = {}

    def put(self, source: str, *conditions: Condition) -> None:
        """Replace what the source said before; without conditions: all is well there."""
        with self._lock:
            self._open[source] = conditions

    def failed(self, source: str, error: TransientError) -> None:
        """Note that a source's step failed and will be repeated."""
        if not error.condition:  # another part of the process says it better
            return
        condition = Condition(code=error.condition, detail=str(error))
        with self._lock:
            since_s = self._failing.get(source, (condition, self._now_s()))[1]
            self._failing[source] = (condition, since_s)

    def succeeded(self, source: str) -> None:
        """Note that a source's step was done."""
        if source in self._failing:  # the usual case takes no lock
            with self._lock:
                self._failing.pop(source, None)

    def current(self) -> tuple[Condition, ...]:
        """Return what is wrong now, each once."""
        with self._lock:
            now_s = self._now_s()
            said = [each for conditions in self._open.values() for each in conditions]
            said += [
                condition
                for condition, since_s in self._failing.values()
                if now_s - since_s >= FAILS_FOR_S
            ]
        return tuple({each.key: each for each in said}.values())
