"""The MQTT 5 link of a process: survives a dead broker and a dead client, keeps its session."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from random import uniform

import structlog

from contracts.errors import Unavailable
from contracts.names import Topics
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt_connection import Connection, Session
from runtime.messaging.mqtt_messages import Incoming, Publication
from runtime.process.metrics import INBOX_DROPPED, LINK_LOSSES, LINK_UP

log = structlog.get_logger()

FIRST_BACKOFF_S = 0.05
LONGEST_BACKOFF_S = 1.0
STOP_TIMEOUT_S = 5.0
FULL_INBOX_WAIT_S = 0.1


class MqttLink:
    """Publishes, subscribes, and opens a new connection whenever the last one ended.

    A thread of its own watches the connection: it sends itself a message through the broker and
    takes a link whose echo stays away for a dead one, whatever the client library believes.

    Attributes:
        inbox: what came in. When it is full nothing more is read, and the broker keeps the
            rest; a consumer that takes nothing for longer than the echo may stay away loses the
            connection until there is room. Of QoS 0 what comes above half is dropped, counted.
        on_connect: called in order after each (re)connection, by the watching thread; to publish
            state, say. They must be quick; Unavailable in one of them is logged.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        client_id: str,
        *,
        subscriptions: Mapping[str, int] | None = None,
        will: tuple[str, bytes] | None = None,
        session_expiry_s: int = 3600,
        inbox_size: int = 1024,
        in_flight_limit: int = 256,
        echo_every_s: float = 1.0,
        echo_timeout_s: float = 3.0,
    ) -> None:
        self._broker = broker
        self._echo_topic = topics.echo(client_id)
        self._room = max(1, inbox_size // 2)
        self._session = Session(
            client_id=f"referee-{topics.site}-{topics.line}-{client_id}",
            subscriptions={**(subscriptions or {}), self._echo_topic: 0},
            will=will,
            expiry_s=session_expiry_s,
            receive_maximum=min(self._room, 65535),
            in_flight_limit=in_flight_limit,
            tls=broker.tls_context(),
        )
        self._echo_every_s = echo_every_s
        self._echo_timeout_s = echo_timeout_s
        self.inbox: queue.Queue[Incoming] = queue.Queue(inbox_size)
        self.on_connect: list[Callable[[], None]] = []
        self._stopping = threading.Event()
        self._up = threading.Event()
        self._connection: Connection | None = None
        self._echo_sent_s: float | None = None  # the oldest that was not heard since
        self._thread = threading.Thread(
            target=self._keep_connected, name=f"mqtt-{client_id}", daemon=True
        )

    def start(self) -> None:
        """Begin to connect, and never cease until ``stop``. Returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect, which publishes the will, and end the thread."""
        self._stopping.set()
        connection = self._connection
        if connection is not None:
            connection.close()
        self._thread.join(STOP_TIMEOUT_S)

    @property
    def connected(self) -> bool:
        """Whether the broker has confirmed the connection and its subscriptions, and is alive."""
        connection = self._connection
        return connection is not None and not connection.lost.is_set()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for the connection; returns ``connected``."""
        return self.connected or (self._up.wait(timeout_s) and self.connected)

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> Publication:
        """Send a message; what became of it is told by the Publication.

        Raises:
            Unavailable: not connected, or too many messages are unanswered. Nothing was sent.
            MalformedMessage: it is larger than the broker takes.
        """
        connection = self._connection
        if connection is None or connection.lost.is_set():
            raise Unavailable(str(self._broker), "not connected")
        return connection.publish(topic, payload, qos, retain)

    def _keep_connected(self) -> None:
        delays = _backoff()
        while not self._stopping.is_set():
            try:
                self._wait_for_room()
                self._serve_one_connection()
                delays = _backoff()
            except Unavailable as error:
                log.warning("mqtt_not_connected", reason=error.reason)
            self._stopping.wait(next(delays))

    def _wait_for_room(self) -> None:
        """The broker sends again what was not acknowledged: not to a consumer that stands."""
        while self.inbox.qsize() > self._room and not self._stopping.wait(0.05):
            pass

    def _serve_one_connection(self) -> None:
        connection = Connection(self._broker, self._session, self._deliver)
        self._echo_sent_s = None
        connection.open()
        self._connection = connection
        self._up.set()
        LINK_UP.set(1)
        log.info("mqtt_connected", broker=str(self._broker))
        try:
            self._run_hooks()
            self._watch(connection)
        finally:
            self._connection = None
            self._up.clear()
            LINK_UP.set(0)
            self._leave(connection)

    def _run_hooks(self) -> None:
        for hook in self.on_connect:
            try:
                hook()
            except Unavailable as error:
                log.warning("mqtt_hook_failed", hook=repr(hook), reason=error.reason)

    def _watch(self, connection: Connection) -> None:
        """Until the connection ends, or its echo stays away, or the link is stopped."""
        while not self._stopping.is_set() and not connection.lost.is_set():
            self._send_echo(connection)
            if connection.lost.wait(self._echo_every_s):
                return
            sent_s = self._echo_sent_s
            if sent_s is not None and time.monotonic() - sent_s > self._echo_timeout_s:
                connection.end("no echo")

    def _send_echo(self, connection: Connection) -> None:
        if self._echo_sent_s is None:
            self._echo_sent_s = time.monotonic()
        try:
            connection.publish(self._echo_topic, b"", qos=0, retain=False)
        except Unavailable as error:
            log.debug("mqtt_echo_not_sent", reason=error.reason)  # the timeout decides

    def _leave(self, connection: Connection) -> None:
        if self._stopping.is_set():
            connection.close()  # does nothing the second time
            return
        LINK_LOSSES.labels(connection.why).inc()
        log.warning("mqtt_lost", reason=connection.why)
        connection.end("left")

    def _deliver(self, message: Incoming) -> bool:
        """In paho's thread. Whatever comes is a sign of life, as good as the echo."""
        if message.topic != self._echo_topic and not self._put(message):
            return False
        self._echo_sent_s = None
        return True

    def _put(self, message: Incoming) -> bool:
        if message.qos == 0 and self.inbox.qsize() >= self._room:
            INBOX_DROPPED.inc()
            return True
        try:
            self.inbox.put(message, timeout=FULL_INBOX_WAIT_S)
        except queue.Full:
            return False
        return True


def _backoff() -> Iterator[float]:
    """Seconds to wait before each next attempt, with jitter so that clients do not march."""
    delay_s = FIRST_BACKOFF_S
    while True:
        yield uniform(0.5, 1.0) * delay_s
        delay_s = min(2 * delay_s, LONGEST_BACKOFF_S)
