"""Parses MQTT messages in a thread of its own and hands them to the bridge in its event loop.

A message is acknowledged once the journal has what it caused, in the order in which messages came,
as MQTT requires. Messages that were not acknowledged when the bridge was killed come again.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Collection
from functools import partial

import structlog

from contracts.errors import MalformedMessage
from contracts.messages import CaptureNotice, Disposition, Stored, Verdict
from contracts.names import SINK, Topics
from contracts.process_state import ProcessState
from contracts.release import Activation
from contracts.roster import Roster
from plc.bridge import Bridge
from runtime.messaging.confirmations import Confirmations
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.mqtt_messages import Incoming
from runtime.messaging.router import Cleared, read
from runtime.process.loop import Stop

log = structlog.get_logger()


def subscriptions(topics: Topics) -> dict[str, int]:
    """Return the bridge's topic filters and their QoS."""
    parts = topics.verdict(), topics.capture(), topics.stored
    return dict.fromkeys((*parts, topics.stations, topics.config(), topics.state()), 1)


class Inbox:
    """Hands each message to the bridge. A malformed one is logged and acknowledged."""

    def __init__(
        self,
        link: MqttLink,
        topics: Topics,
        bridge: Bridge,
        loop: asyncio.AbstractEventLoop,
        sinks: Collection[str] = (SINK,),
    ) -> None:
        self._link = link
        self._topics = topics
        self._bridge = bridge
        self._loop = loop
        self._confirmations = Confirmations(sinks)

    def run(self, stop: Stop) -> None:
        """Read messages until ``stop``. The body of a thread."""
        while not stop.is_set():
            try:
                message = self._link.inbox.get(timeout=0.2)
            except queue.Empty:
                continue
            call = self._call_for(message)
            self._loop.call_soon_threadsafe(self._take, call, message.ack)

    def _take(self, call: Callable[[], None], ack: Callable[[], None]) -> None:
        """In the event loop."""
        try:
            call()
        except Exception:
            ack()  # what ends this bridge would end the next one too
            raise
        self._bridge.acknowledge(ack)

    def _call_for(self, message: Incoming) -> Callable[[], None]:
        try:
            return self._parsed(message)
        except MalformedMessage as error:
            log.error("malformed_message", topic=error.source, reason=error.reason)
            return _nothing

    def _parsed(self, incoming: Incoming) -> Callable[[], None]:
        bridge = self._bridge
        match message := read(self._topics, incoming):
            case Stored():
                return partial(bridge.on_stored, self._confirmations.complete(message))
            case Verdict():
                return partial(bridge.on_verdict, message, incoming.arrived_at)
            case CaptureNotice():
                return partial(bridge.on_capture, message)
            case Activation():
                return partial(bridge.on_release, message.station, message)
            case Cleared():
                return partial(bridge.on_release, message.station, None)
            case ProcessState():
                return partial(bridge.on_state, message)
            case Roster():
                return partial(bridge.on_roster, message)
            case Disposition():
                return _nothing  # not subscribed to


def _nothing() -> None:
    """Do nothing, for a message that changes nothing."""
