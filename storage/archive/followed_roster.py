"""The archive's stations: those of its settings, until the line has a roster."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from typing import Protocol

import structlog

from contracts.errors import MalformedMessage
from contracts.names import Topics, frames
from contracts.process_state import Status
from contracts.roster import Roster
from runtime.messaging.mqtt_messages import Incoming
from runtime.messaging.router import read

log = structlog.get_logger()


class Streams(Protocol):
    """The frame streams, as one consumer."""

    def follow(self, streams: Sequence[str]) -> None: ...


class FollowedRoster:
    """Reads the pictures of the stations that the newest roster has."""

    def __init__(self, inbox: queue.Queue[Incoming], topics: Topics, streams: Streams) -> None:
        self._inbox = inbox
        self._topics = topics
        self._streams = streams
        self._roster_id = ""

    def status(self) -> Status:
        """Take the rosters that have come; return the one that is followed. Does not wait."""
        while True:
            try:
                incoming = self._inbox.get_nowait()
            except queue.Empty:
                return Status(roster_id=self._roster_id)
            self._take(incoming)
            incoming.ack()

    def _take(self, incoming: Incoming) -> None:
        try:
            message = read(self._topics, incoming)
        except MalformedMessage as error:
            log.error("malformed_message", topic=error.source, reason=error.reason)
            return
        if isinstance(message, Roster):
            self._streams.follow([frames(station) for station in message.stations])
            self._roster_id = message.roster_id
            log.info("roster", roster=self._roster_id, stations=tuple(message.stations))
