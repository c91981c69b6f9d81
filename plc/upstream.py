"""Which processes serve which stations, as their retained ``state`` messages say."""

from __future__ import annotations

from contracts.identity import Stamp
from contracts.messages import SequenceRange
from contracts.process_state import ProcessState, Role
from contracts.release import Release
from runtime.process.metrics import PROCESS_ONLINE

STALE_AFTER_S = 12.0  # states are repeated every 5 s: two were missed


class Upstream:
    """Keeps the last state of each process. One caller at a time."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[ProcessState, Stamp]] = {}

    def take(self, state: ProcessState, now: Stamp) -> None:
        """Keep the state that a process, or its last will, published."""
        self._heard[state.process] = (state, now)
        PROCESS_ONLINE.labels(state.process).set(state.online)

    def ready(self, role: Role, station: str, now: Stamp) -> bool:
        """Return whether a process of this role serves the station now."""
        return bool(self._serving(role, station, now))

    def agreed(self, role: Role, release: Release | None, now: Stamp) -> bool:
        """Return whether processes of this role serve the release's station, all with it."""
        if release is None:
            return False
        serving = self._serving(role, release.station, now)
        in_force = {state.releases.get(release.station) for state in serving}
        return in_force == {release.release_id}

    def last_numbers(self, station: str, roster_id: str) -> tuple[bool, SequenceRange | None]:
        """Return whether all of ingest follows the roster, and the newest numbers of a station."""
        ingest = [s for s, _ in self._heard.values() if s.role is Role.INGEST and s.online]
        newest = [s.sequences[station][-1] for s in ingest if s.sequences.get(station)]
        follows = bool(ingest) and all(state.roster_id == roster_id for state in ingest)
        return follows, max(newest, key=lambda each: (each.epoch, each.last_seq), default=None)

    def _serving(self, role: Role, station: str, now: Stamp) -> list[ProcessState]:
        return [
            state
            for state, heard_at in self._heard.values()
            if state.role is role
            and state.online
            and state.ready
            and station in state.stations
            and now.ms_since(heard_at) < STALE_AFTER_S * 1000
        ]
