"""The active release of each station, as the retained ``config`` messages say."""

from __future__ import annotations

import threading
from typing import Protocol

from contracts.errors import MalformedMessage
from contracts.parsing import parse
from contracts.release import Activation


class ConfigMessage(Protocol):
    """What a ReleaseBook needs of an incoming message."""

    @property
    def topic(self) -> str: ...

    @property
    def payload(self) -> bytes: ...


class ReleaseBook:
    """Keeps the newest release of each station. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[str, Activation] = {}

    def take(self, incoming: ConfigMessage) -> Activation | None:
        """Make what a ``config`` message carries the station's active release.

        An empty message clears the station's configuration: it has none then, and None is
        returned. The message is not acknowledged here.

        Raises:
            MalformedMessage: no release, or another station's; the active one stays.
        """
        station = incoming.topic.split("/")[-2]
        release = _parsed(incoming, station) if incoming.payload else None
        with self._lock:
            if release is None:
                self._active.pop(station, None)
            else:
                self._active[station] = release
        return release

    def active(self, station: str) -> Activation | None:
        """The station's release, None before the first and after it was cleared."""
        with self._lock:
            return self._active.get(station)

    def ids(self) -> dict[str, str]:
        """Station to release id, of every station that has one."""
        with self._lock:
            return {station: release.release_id for station, release in self._active.items()}


def _parsed(incoming: ConfigMessage, station: str) -> Activation:
    release = parse(Activation, incoming.payload, incoming.topic)
    if release.station != station:
        raise MalformedMessage(incoming.topic, f"a release of station {release.station}")
    return release
