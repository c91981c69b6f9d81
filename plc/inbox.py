"""What MQTT brings: parsed in a thread of its own, handed to the bridge in its event loop.

A message is acknowledged once the journal has what it caused, in the order in which messages came,
as MQTT wants it. What the bridge was told when it was killed, it is told again.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable

import structlog

from contracts.errors import MalformedMessage
from contracts.messages import CaptureNotice, Stored, Verdict
from contracts.names import Topics
from contracts.parsing import parse
from contracts.process_state import ProcessState
from plc.bridge import Bridge
from runtime.messaging.mqtt import Incoming, MqttLink
from runtime.messaging.release_book import ReleaseBook
from runtime.process.loop import Stop

log = structlog.get_logger()


def subscriptions(topics: Topics) -> dict[str, int]:
    """What the bridge listens to, with its quality of service."""
    each = (topics.verdict(), topics.capture(), topics.config(), topics.state(), topics.stored)
    return dict.fromkeys(each, 1)


class Inbox:
    """Wakes the bridge for each message. A message that is not ours is logged and let go."""

    def __init__(
        self, link: MqttLink, topics: Topics, bridge: Bridge, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._link = link
        self._topics = topics
        self._bridge = bridge
        self._loop = loop
        self._releases = ReleaseBook()

    def run(self, stop: Stop) -> None:
        """The thread's body."""
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
            return lambda: None

    def _parsed(self, message: Incoming) -> Callable[[], None]:
        topic, payload, bridge = message.topic, message.payload, self._bridge
        if topic == self._topics.stored:
            stored = parse(Stored, payload, topic)
            return lambda: bridge.on_stored(stored)
        station, what = topic.split("/")[-2:]
        if what == "verdict":
            verdict = parse(Verdict, payload, topic)
            return lambda: bridge.on_verdict(verdict, message.arrived_at)
        if what == "capture":
            notice = parse(CaptureNotice, payload, topic)
            return lambda: bridge.on_capture(notice)
        if what == "config":
            release = self._releases.take(message)
            return lambda: bridge.on_release(station, release)
        state = parse(ProcessState, payload, topic)
        return lambda: bridge.on_state(state)
