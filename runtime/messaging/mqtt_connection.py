"""One connection to an MQTT broker: opened once, used, thrown away.

paho can reconnect by itself, and then sends again whatever was under way, oldest first, and sends
acknowledgements whose packet ids belong to the connection before. A connection that is never
reused has neither trouble: what it had under way is lost and its owner knows.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import structlog
from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from contracts.errors import MalformedMessage, Unavailable
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt_messages import Incoming, Publication
from runtime.process.clock import SystemClock

log = structlog.get_logger()

CONNECT_TIMEOUT_S = 1.0
READY_TIMEOUT_S = 2.0
KEEPALIVE_S = 5
NO_MATCHING_SUBSCRIBERS = 0x10
DISCONNECT_WITH_WILL = 0x04
LARGEST_MESSAGE_BYTES = 1024 * 1024
CALLBACKS = ("on_connect", "on_subscribe", "on_disconnect", "on_publish", "on_message")


class Session(NamedTuple):
    """Who a client is to the broker and what it wants of it."""

    client_id: str
    subscriptions: Mapping[str, int]
    will: tuple[str, bytes] | None
    expiry_s: int
    receive_maximum: int
    in_flight_limit: int
    tls: ssl.SSLContext | None = None


class Connection:
    """A paho client for as long as its socket lives. Callbacks only hand over.

    ``deliver`` takes a message, or returns False when it has no room for it right now. Then
    nothing more is read from the socket until it has: the one way to hold back a broker that
    sends more than the receive maximum (mosquitto 2.0.11 does, out of its queue).

    Attributes:
        lost: set when the connection has ended, for whatever reason.
        why: the reason, for people.
    """

    def __init__(
        self, broker: Broker, session: Session, deliver: Callable[[Incoming], bool]
    ) -> None:
        self._broker = broker
        self._session = session
        self._deliver = deliver
        self.lost = threading.Event()
        self.why = ""
        self._ready = threading.Event()
        self._clock = SystemClock()
        self._lock = threading.Lock()
        self._under_way: dict[int, Publication] = {}
        self._answered_early: dict[int, tuple[bool, bool]] = {}
        self._largest_bytes = LARGEST_MESSAGE_BYTES
        self._limit = session.in_flight_limit
        self._client = self._new_client()

    def open(self) -> None:
        """Connect, subscribe, and wait until the broker confirmed both.

        Raises:
            Unavailable: it did not, in about three seconds.
        """
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = self._session.expiry_s
        properties.ReceiveMaximum = self._session.receive_maximum
        try:
            self._client.connect(
                self._broker.host,
                self._broker.port,
                keepalive=KEEPALIVE_S,
                clean_start=False,
                properties=properties,
            )
        except (OSError, ValueError) as error:
            raise Unavailable(str(self._broker), str(error)) from error
        self._client.loop_start()
        if not self._ready.wait(READY_TIMEOUT_S) or self.lost.is_set():
            self.end(self.why or "no answer to CONNECT and SUBSCRIBE")
            raise Unavailable(str(self._broker), self.why)

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> Publication:
        """Send a message.

        Raises:
            Unavailable: the connection ended, or as many messages as may be are unanswered.
            MalformedMessage: it is larger than the broker takes.
        """
        if len(payload) + len(topic) + 16 > self._largest_bytes:
            raise MalformedMessage(
                topic, f"{len(payload)} bytes; the broker takes {self._largest_bytes}"
            )
        if qos and len(self._under_way) >= self._limit:  # QoS 0 is the echo: it must get through
            raise Unavailable(str(self._broker), f"{len(self._under_way)} messages are unanswered")
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise Unavailable(str(self._broker), paho.error_string(info.rc))
        return self._follow(info.mid)

    def close(self) -> None:
        """Say good-bye, asking for the will to be published, and end."""
        if self.lost.is_set():
            return
        self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, identifier=DISCONNECT_WITH_WILL))
        self.lost.wait(0.5)
        self.end("closed")

    def end(self, why: str) -> None:
        """End at once, also when paho's thread is dead or the broker is."""
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                log.debug("socket_was_closed", client_id=self._session.client_id)
        self._lose(why)
        # Without the way back to us the client, and its sockets, go with its thread: not when the
        # garbage collector comes around.
        for callback in CALLBACKS:
            setattr(self._client, callback, None)

    def _new_client(self) -> paho.Client:
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=self._session.client_id,
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(self._session.in_flight_limit)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        if self._session.tls is not None:
            client.tls_set_context(self._session.tls)
        if self._session.will is not None:
            client.will_set(*self._session.will, qos=1, retain=True)
        client.on_socket_open = _send_at_once
        for callback in CALLBACKS:
            setattr(client, callback, getattr(self, f"_{callback}"))
        return client

    def _on_connect(
        self, client: paho.Client, data: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            self._lose(f"refused: {reason}")
            return
        self._largest_bytes = getattr(properties, "MaximumPacketSize", LARGEST_MESSAGE_BYTES)
        most = getattr(properties, "ReceiveMaximum", self._session.in_flight_limit)
        self._limit = min(most, self._session.in_flight_limit)
        client.subscribe(
            [
                (topic, SubscribeOptions(qos=qos))
                for topic, qos in self._session.subscriptions.items()
            ]
        )

    def _on_subscribe(
        self, client: paho.Client, data: Any, mid: int, reasons: list[ReasonCode], properties: Any
    ) -> None:
        refused = [
            f"{topic}: {reason}"
            for topic, reason in zip(self._session.subscriptions, reasons, strict=True)
            if reason.is_failure
        ]
        if refused:
            self._lose(f"subscription refused: {'; '.join(refused)}")
        self._ready.set()

    def _on_disconnect(
        self, client: paho.Client, data: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        self._lose(str(reason))

    def _on_message(self, client: paho.Client, data: Any, message: paho.MQTTMessage) -> None:
        mid, qos = message.mid, message.qos
        incoming = Incoming(
            topic=message.topic,
            payload=bytes(message.payload),
            retained=message.retain,
            ack=lambda: self._ack(mid, qos),
            qos=qos,
            arrived_at=self._clock.now(),
        )
        while not self.lost.is_set() and not self._deliver(incoming):
            pass  # a message of an ended connection was not acknowledged: it comes again

    def _ack(self, mid: int, qos: int) -> None:
        # On an ended connection an acknowledgement has nobody to go to: the broker sends the
        # message again, under a packet id of the next connection.
        if qos and not self.lost.is_set():
            self._client.ack(mid, qos)

    def _on_publish(
        self, client: paho.Client, data: Any, mid: int, reason: ReasonCode, properties: Any
    ) -> None:
        answer = (not reason.is_failure, reason.value == NO_MATCHING_SUBSCRIBERS)
        with self._lock:
            publication = self._under_way.pop(mid, None)
            if publication is None:
                self._answered_early[mid] = answer
        if publication is not None:
            publication.settle(taken=answer[0], unmatched=answer[1])

    def _follow(self, mid: int) -> Publication:
        publication = Publication()
        with self._lock:
            answer = self._answered_early.pop(mid, None)
            if answer is None and not self.lost.is_set():
                self._under_way[mid] = publication
                return publication
        taken, unmatched = answer or (False, False)
        publication.settle(taken=taken, unmatched=unmatched)
        return publication

    def _lose(self, why: str) -> None:
        with self._lock:
            self.why = self.why or why
            self.lost.set()
            orphans, self._under_way = list(self._under_way.values()), {}
        for publication in orphans:
            publication.settle(taken=False)
        self._ready.set()  # who waits for it looks at lost


def _send_at_once(client: paho.Client, data: Any, sock: Any) -> None:
    """Without this the kernel may hold a verdict back for 40 ms to fill a packet."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
