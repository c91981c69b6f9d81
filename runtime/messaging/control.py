"""Follows the line for a process that records verdicts, and publishes the process's state."""

from __future__ import annotations

import queue
from collections.abc import Callable, Collection

import structlog

from contracts.errors import MalformedMessage
from contracts.messages import Stored
from contracts.names import Topics
from contracts.process_state import Status
from contracts.release import Activation
from contracts.roster import Roster
from runtime.messaging.confirmations import Confirmations
from runtime.messaging.mqtt_messages import Incoming
from runtime.messaging.release_book import ReleaseBook
from runtime.messaging.router import Cleared, read
from runtime.messaging.state import Board
from runtime.process.open_conditions import OpenConditions

log = structlog.get_logger()

WAIT_S = 0.2


class Control:
    """Takes rosters, releases and storage's confirmations, and publishes the state. One thread.

    Args:
        stations: those of the line until its first roster comes.
        follow: makes the process serve these stations and no other; called often. Returns whether
            nothing is left of others.
        sinks: those that must have committed an item before ``on_stored`` hears of it.
        status: returns the troubles of the process and of its stations, the model version and the
            sequences; stations, releases and ``ready`` are filled in here.
        conditions: what else is wrong in the process. While one of them is an alarm about the
            whole process, no station is served.
    """

    def __init__(
        self,
        inbox: queue.Queue[Incoming],
        topics: Topics,
        *,
        stations: tuple[str, ...],
        follow: Callable[[tuple[str, ...]], bool],
        releases: ReleaseBook,
        sinks: Collection[str],
        on_stored: Callable[[Stored], None],
        board: Board,
        status: Callable[[], Status],
        conditions: OpenConditions | None = None,
    ) -> None:
        self._inbox = inbox
        self._topics = topics
        self._stations = stations
        self._follow = follow
        self._roster_id = self._followed_id = ""
        self._releases = releases
        self._confirmations = Confirmations(sinks)
        self._on_stored = on_stored
        self._board = board
        self._status = status
        self._open = conditions or OpenConditions()

    def step(self) -> None:
        """Publish the state and handle a message if one comes soon. Raises Unavailable."""
        if self._follow(self._stations):
            self._followed_id = self._roster_id
        self._board.publish(self._full_status())
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
        match message := read(self._topics, incoming):
            case Stored():
                self._on_stored(self._confirmations.complete(message))
            case Activation() | Cleared():
                release = self._releases.take(message)
                log.info("release", topic=incoming.topic, release=release and release.release_id)
            case Roster():
                self._stations, self._roster_id = tuple(message.stations), message.roster_id
                log.info("roster", roster=self._roster_id, stations=self._stations)

    def _full_status(self) -> Status:
        status, ids = self._with_conditions(self._status()), self._releases.ids()
        served = tuple(filter(status.serves, self._stations))
        own = {station: ids[station] for station in self._stations if station in ids}
        return status.model_copy(
            update={
                "ready": bool(served),
                "stations": served,
                "releases": own,
                "roster_id": self._followed_id,
            }
        )

    def _with_conditions(self, status: Status) -> Status:
        found = (*status.conditions, *self._open.current())
        stopped = [each.sentence for each in found if each.is_alarm and each.station is None]
        reason = status.reason or next(iter(stopped), "")
        return status.model_copy(update={"conditions": found, "reason": reason})
