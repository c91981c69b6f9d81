"""Says which stations send pictures that cannot be inspected, until one can be again."""

from __future__ import annotations

import threading
from collections.abc import Collection

from contracts.process_state import Condition

MANY = 3
"""So many in a row are no accident."""


class RefusedPictures:
    """Counts, for each station, the newest pictures in a row that were refused. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: dict[str, tuple[int, str]] = {}

    def refused(self, station: str, reason: str) -> None:
        """Note that a station's picture could not be inspected."""
        with self._lock:
            count, _ = self._refused.get(station, (0, ""))
            self._refused[station] = (count + 1, reason)

    def inspected(self, station: str) -> None:
        """Note that a station's picture was inspected."""
        if station in self._refused:  # the usual case takes no lock
            with self._lock:
                self._refused.pop(station, None)

    def follow(self, stations: Collection[str]) -> None:
        """Forget stations that the line does not have any more."""
        with self._lock:
            for station in self._refused.keys() - set(stations):
                del self._refused[station]

    def conditions(self) -> tuple[Condition, ...]:
        """Return a condition of each station whose newest picture was refused."""
        with self._lock:
            return tuple(
                Condition(
                    code="pictures_refused" if count >= MANY else "picture_refused",
                    station=station,
                    detail=reason,
                )
                for station, (count, reason) in self._refused.items()
            )
