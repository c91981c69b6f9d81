"""Publishes the roster and the releases again to a broker that lost its retained messages.

A broker that was killed starts again without what it had not saved. Every process follows the
retained ``stations`` and ``config`` messages, so a station would be unknown, or have no release,
until a person applied the line file again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import structlog
from sqlalchemy.orm import Session, sessionmaker

from contracts.errors import MalformedMessage, Unavailable
from contracts.identity import Message
from contracts.names import Topics
from contracts.parsing import parse
from contracts.roster import Roster
from runtime.process.clock import Clock
from storage.database import translate_errors
from storage.metrics import REPUBLISHED
from storage.ports import Incoming, Publisher
from storage.release_store import active_release
from storage.roster_store import newest_roster

log = structlog.get_logger()

WAIT_FOR_RETAINED_S = 2.0


class ConfigKeeper:
    """Publishes the roster, and the release of each of its stations, if the broker has none.

    Attributes:
        roster_id: of the newest roster that came from the broker; empty before the first one.
    """

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
        """``stations``: those of a line without a roster."""
        self._stations = tuple(stations)
        self._sessions = sessions
        self._clock = clock
        self.roster_id = ""
        self._connected_at_ns: int | None = None
        self._seen: dict[str, bytes] = {}
        self._republished: dict[str, bytes] = {}

    def connected(self) -> None:
        """Start to wait for retained messages. Called by the link's thread on each connection."""
        self._seen = {}
        self._republished = {}
        self._connected_at_ns = self._clock.now().monotonic_ns

    def saw(self, incoming: Incoming) -> None:
        """Take note of a ``config`` or ``stations`` message: retained, live, or republished.

        If a newer one reached the broker just before the republished one, publish the newer one
        again.
        """
        self._follow(incoming)
        before = self._seen.get(incoming.topic)
        self._seen[incoming.topic] = incoming.payload
        if self._republished.get(incoming.topic) != incoming.payload:
            return
        del self._republished[incoming.topic]
        if before is not None and before != incoming.payload:
            self._send(incoming.topic, before)

    def step(self) -> None:
        """Republish what did not arrive in time. Call it while the inbox is empty.

        Raises:
            Unavailable: the database cannot be reached; call it again.
        """
        since_ns = self._connected_at_ns
        if since_ns is None:
            return
        if self._clock.now().monotonic_ns - since_ns < WAIT_FOR_RETAINED_S * 1e9:
            return
        sent = [self._republish(*each) for each in self._missing()]
        if all(sent) and self._connected_at_ns == since_ns:  # no new connection meanwhile
            self._connected_at_ns = None

    def _missing(self) -> list[tuple[str, Message]]:
        """Return what the broker should have and did not send, by its topic; the roster first."""
        with translate_errors(), self._sessions() as session:
            roster = newest_roster(session)
            stations = roster.stations if roster else self._stations
            releases = {self._topics.config(s): active_release(session, s) for s in stations}
        kept: dict[str, Message | None] = {self._topics.stations: roster, **releases}
        return [(topic, it) for topic, it in kept.items() if it and topic not in self._seen]

    def _follow(self, incoming: Incoming) -> None:
        if incoming.topic != self._topics.stations:
            return
        with suppress(MalformedMessage):  # it is among the dead letters
            self.roster_id = parse(Roster, incoming.payload, incoming.topic).roster_id

    def _republish(self, topic: str, message: Message) -> bool:
        payload = message.model_dump_json().encode()
        if not self._send(topic, payload):
            return False
        self._republished[topic] = payload
        REPUBLISHED.inc()
        log.warning("republished", topic=topic)
        return True

    def _send(self, topic: str, payload: bytes) -> bool:
        try:
            self._link.publish(topic, payload, retain=True)
        except Unavailable as error:  # tried again with the next connection
            log.warning("not_republished", topic=topic, reason=error.reason)
            return False
        return True
