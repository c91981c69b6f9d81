"""What the line tells a process that records verdicts, and what that tells about itself."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

import structlog

from contracts.errors import MalformedMessage
from contracts.messages import SequenceRange, Stored, parse
from contracts.names import Topics
from runtime.messaging.mqtt import Incoming
from runtime.messaging.release_book import ReleaseBook

log = structlog.get_logger()

WAIT_S = 0.2


class ReadinessReport(NamedTuple):
    """Which stations a process serves.

    Attributes:
        reason: why it serves none; empty when only ``stations`` tells.
        stations: why it does not serve these; it serves those that are not named.
        model_version: of the model that it is ready with, where it has one.
        sequences: by station, the parts that it has numbered; of none where others number them.
    """

    reason: str = ""
    stations: Mapping[str, str] = MappingProxyType({})
    model_version: str = ""
    sequences: Mapping[str, tuple[SequenceRange, ...]] = MappingProxyType({})

    def serves(self, station: str) -> bool:
        """Whether parts of the station are answered with more than ``no_verdict``."""
        return not self.reason and station not in self.stations

    def told(self) -> str:
        """All reasons in one line; empty when every station is served."""
        return self.reason or "; ".join(f"{name}: {why}" for name, why in self.stations.items())


class State(Protocol):
    """The retained state of this process."""

    def publish(
        self,
        *,
        ready: bool,
        stations: tuple[str, ...],
        releases: dict[str, str],
        model_version: str,
        sequences: Mapping[str, tuple[SequenceRange, ...]],
        reason: str,
    ) -> bool: ...


class Control:
    """Takes releases and what storage has, and publishes the state. One thread."""

    def __init__(
        self,
        inbox: queue.Queue[Incoming],
        topics: Topics,
        *,
        stations: tuple[str, ...],
        releases: ReleaseBook,
        on_stored: Callable[[Stored], None],
        state: State,
        standing: Callable[[], ReadinessReport],
    ) -> None:
        self._inbox = inbox
        self._topics = topics
        self._stations = stations
        self._releases = releases
        self._on_stored = on_stored
        self._state = state
        self._standing = standing

    def step(self) -> None:
        """Handle a message if one comes soon, and tell the state. Raises Unavailable."""
        self._tell_state()
        try:
            incoming = self._inbox.get(timeout=WAIT_S)
        except queue.Empty:
            return
        try:
            self._handle(incoming)
        except MalformedMessage as error:
            log.error("malformed_message", topic=error.source, reason=error.reason)
        finally:
            incoming.ack()  # a release is retained, and storage repeats itself

    def _handle(self, incoming: Incoming) -> None:
        if incoming.topic == self._topics.stored:
            self._on_stored(parse(Stored, incoming.payload, incoming.topic))
            return
        release = self._releases.take(incoming)
        log.info("release", topic=incoming.topic, release=release and release.release_id)

    def _tell_state(self) -> None:
        standing, ids = self._standing(), self._releases.ids()
        served = tuple(filter(standing.serves, self._stations))
        self._state.publish(
            ready=bool(served),
            stations=served,
            releases={station: ids[station] for station in self._stations if station in ids},
            model_version=standing.model_version,
            sequences=standing.sequences,
            reason=standing.told(),
        )
