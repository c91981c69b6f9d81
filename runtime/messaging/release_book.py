"""The active release of each station, as the retained ``config`` messages say."""

from __future__ import annotations

import threading

from contracts.release import Activation
from runtime.messaging.router import Cleared


class ReleaseBook:
    """Keeps the newest release of each station. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[str, Activation] = {}

    def take(self, message: Activation | Cleared) -> Activation | None:
        """Make a release its station's active one, and return it; None if it was cleared."""
        release = message if isinstance(message, Activation) else None
        with self._lock:
            if release is None:
                self._active.pop(message.station, None)
            else:
                self._active[message.station] = release
        return release

    def active(self, station: str) -> Activation | None:
        """Return the station's release; None before the first and after it was cleared."""
        with self._lock:
            return self._active.get(station)

    def ids(self) -> dict[str, str]:
        """Return the release id of every station that has a release."""
        with self._lock:
            return {station: release.release_id for station, release in self._active.items()}
