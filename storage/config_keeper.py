"""Publishes the stations' releases again to a broker that lost its retained messages.

A broker that was killed starts again without what it had not saved. Every process follows the
retained ``config`` message, so a station would have no release until a person applied it again.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.orm import Session, sessionmaker

from contracts.errors import Unavailable
from contracts.names import Topics
from contracts.release import Activation
from runtime.process.clock import Clock
from storage.database import translate_errors
from storage.metrics import REPUBLISHED
from storage.ports import Incoming, Publisher
from storage.release_store import active_release

log = structlog.get_logger()

WAIT_FOR_RETAINED_S = 2.0


class ConfigKeeper:
    """Publishes the release in force of each station for which the broker has none."""

    def __init__(
        self,
        link: Publisher,
        topics: Topics,
        stations: Sequence[str],
        sessions: sessionmaker[Session],
        clock: Clock,
    ) -> None:
        self._link = link
        self._topics = topics
        self._stations = tuple(stations)
        self._sessions = sessions
        self._clock = clock
        self._connected_at_ns: int | None = None
        self._seen: dict[str, bytes] = {}
        self._republished: dict[str, bytes] = {}

    def connected(self) -> None:
        """Start to wait for retained messages. Called by the link's thread on each connection."""
        self._seen = {}
        self._republished = {}
        self._connected_at_ns = self._clock.now().monotonic_ns

    def saw(self, incoming: Incoming) -> None:
        """Take note of a ``config`` message: retained, live, or the one that was republished.

        If a newer release reached the broker just before the republished one, publish the newer
        one again.
        """
        before = self._seen.get(incoming.topic)
        self._seen[incoming.topic] = incoming.payload
        if self._republished.get(incoming.topic) != incoming.payload:
            return
        del self._republished[incoming.topic]
        if before is not None and before != incoming.payload:
            self._send(incoming.topic, before)

    def step(self) -> None:
        """Republish the releases that did not arrive in time. Call it while the inbox is empty.

        Raises:
            Unavailable: the database cannot be reached; call it again.
        """
        since_ns = self._connected_at_ns
        if since_ns is None:
            return
        if self._clock.now().monotonic_ns - since_ns < WAIT_FOR_RETAINED_S * 1e9:
            return
        sent = [self._republish(release) for release in self._missing()]
        if all(sent) and self._connected_at_ns == since_ns:  # no new connection meanwhile
            self._connected_at_ns = None

    def _missing(self) -> list[Activation]:
        unseen = [s for s in self._stations if self._topics.config(s) not in self._seen]
        with translate_errors(), self._sessions() as session:
            found = [active_release(session, station) for station in unseen]
        return [release for release in found if release is not None]

    def _republish(self, release: Activation) -> bool:
        topic, payload = self._topics.config(release.station), release.model_dump_json().encode()
        if not self._send(topic, payload):
            return False
        self._republished[topic] = payload
        REPUBLISHED.inc()
        log.warning("release_republished", station=release.station, release_id=release.release_id)
        return True

    def _send(self, topic: str, payload: bytes) -> bool:
        try:
            self._link.publish(topic, payload, retain=True)
        except Unavailable as error:  # tried again with the next connection
            log.warning("release_not_republished", topic=topic, reason=error.reason)
            return False
        return True
