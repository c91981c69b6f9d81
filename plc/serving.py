"""Which processes serve which stations, as their retained ``state`` messages say."""

from __future__ import annotations

from contracts.identity import Stamp
from contracts.messages import ProcessState
from contracts.release import Release

INFERENCE, INGEST = "inference", "ingest"
STALE_AFTER_S = 12.0  # states are repeated every 5 s: two were missed


class Serving:
    """The last word of each process. One caller at a time."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[ProcessState, Stamp]] = {}

    def take(self, state: ProcessState, now: Stamp) -> None:
        """A process, or its last will, spoke."""
        self._heard[state.process] = (state, now)

    def ready(self, kind: str, station: str, now: Stamp) -> bool:
        """Whether a process whose name starts with ``kind`` serves the station right now."""
        return bool(self._serving(kind, station, now))

    def agreed(self, kind: str, release: Release | None, now: Stamp) -> bool:
        """Whether all that serve the release's station right now have it, and somebody does."""
        if release is None:
            return False
        serving = self._serving(kind, release.station, now)
        told = {state.releases.get(release.station) for state in serving}
        return told == {release.release_id}

    def _serving(self, kind: str, station: str, now: Stamp) -> list[ProcessState]:
        return [
            state
            for name, (state, heard_at) in self._heard.items()
            if name.startswith(kind)
            and state.online
            and state.ready
            and station in state.stations
            and now.ms_since(heard_at) < STALE_AFTER_S * 1000
        ]
