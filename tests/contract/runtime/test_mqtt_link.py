"""The MQTT link against a real broker that is killed, frozen and started again."""

from __future__ import annotations

import ctypes
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from contracts.errors import MalformedMessage, Unavailable
from contracts.names import Topics
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.mqtt_messages import Incoming, Publication
from tests.servers import Server, free_port, mosquitto_server
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def topics() -> Topics:
    """Of a line that no other test knows."""
    return Topics("site", f"line-{free_port()}-{time.monotonic_ns()}")


@contextmanager
def link_to(
    broker: Broker, topics: Topics, client: str = "bridge", **options
) -> Iterator[MqttLink]:
    link = MqttLink(broker, topics, client, **options)
    link.start()
    try:
        assert link.wait_connected(PATIENCE_S)
        yield link
    finally:
        link.stop()


@contextmanager
def own_broker(topics: Topics, **options) -> Iterator[tuple[Server, MqttLink]]:
    """A broker that may be hurt, and a link to it."""
    with (
        mosquitto_server() as server,
        link_to(Broker(server.host, server.port), topics, **options) as link,
    ):
        yield server, link


def received(link: MqttLink, timeout_s: float = 3.0) -> Incoming:
    return link.inbox.get(timeout=timeout_s)


def test_a_message_arrives_within_milliseconds(broker: Broker, topics: Topics):
    topic = topics.verdict("tiles")
    with (
        link_to(broker, topics, "bridge", subscriptions={topics.verdict(): 1}) as bridge,
        link_to(broker, topics, "inference") as inference,
    ):
        delays_ms = []
        for _ in range(30):
            start_s = time.perf_counter()
            inference.publish(topic, b"x" * 2000)
            received(bridge).ack()
            delays_ms.append((time.perf_counter() - start_s) * 1e3)
    # Nagle's algorithm or a polling sleep would make it 40 ms and more.
    assert sorted(delays_ms)[len(delays_ms) // 2] < 20


def test_the_broker_says_when_nobody_subscribes(broker: Broker, topics: Topics):
    with link_to(broker, topics) as link:
        publication = link.publish(topics.verdict("tiles"), b"x")
        assert publication.wait(PATIENCE_S)
        assert publication.unmatched
        with link_to(broker, topics, "storage", subscriptions={topics.verdict(): 1}):
            publication = link.publish(topics.verdict("tiles"), b"x")
            assert publication.wait(PATIENCE_S)
            assert not publication.unmatched


def test_unacknowledged_messages_come_again_and_acknowledged_ones_do_not(
    broker: Broker, topics: Topics
):
    wanted = {topics.verdict(): 1}
    with link_to(broker, topics, "inference") as inference:
        with link_to(broker, topics, "storage", subscriptions=wanted) as storage:
            for payload in (b"kept", b"forgotten"):
                assert inference.publish(topics.verdict("tiles"), payload).wait(PATIENCE_S)
            received(storage).ack()
            assert received(storage).payload == b"forgotten"
            time.sleep(0.1)  # the acknowledgement is on its way
        assert inference.publish(topics.verdict("tiles"), b"while away").wait(PATIENCE_S)
        with link_to(broker, topics, "storage", subscriptions=wanted) as storage:
            assert [received(storage).payload for _ in range(2)] == [b"forgotten", b"while away"]


def test_an_acknowledgement_of_an_ended_connection_acknowledges_nothing_else(topics: Topics):
    wanted = {topics.verdict(): 1}
    with mosquitto_server() as server:
        broker = Broker(server.host, server.port)
        with (
            link_to(broker, topics, "inference") as inference,
            link_to(broker, topics, "storage", subscriptions=wanted) as storage,
        ):
            assert inference.publish(topics.verdict("tiles"), b"before").wait(PATIENCE_S)
            old = received(storage)
            server.kill9()
            until(lambda: not storage.connected and not inference.connected)
            server.start()
            assert storage.wait_connected(PATIENCE_S)
            assert inference.wait_connected(PATIENCE_S)
            assert inference.publish(topics.verdict("tiles"), b"after").wait(PATIENCE_S)
            assert received(storage).payload == b"after"
            old.ack()  # its packet id is now that of "after"
            time.sleep(0.1)
        with link_to(broker, topics, "storage", subscriptions=wanted) as storage:
            assert received(storage).payload == b"after"


def test_a_killed_broker_is_survived(topics: Topics):
    with mosquitto_server() as server:
        broker = Broker(server.host, server.port)
        connections: list[float] = []
        link = MqttLink(broker, topics, "bridge", subscriptions={topics.verdict(): 1})
        link.on_connect.append(lambda: connections.append(time.monotonic()))
        link.start()
        assert link.wait_connected(PATIENCE_S)
        for round_number in range(2):
            server.kill9()
            until(lambda: not link.connected)
            with pytest.raises(Unavailable):
                link.publish(topics.verdict("tiles"), b"x")
            time.sleep(0.7)  # attempts fail meanwhile
            server.start()
            until(lambda: link.connected)
            expected = round_number + 2
            until(partial(lambda count: len(connections) == count, expected))
            link.publish(topics.verdict("tiles"), b"again")
            assert received(link).payload == b"again"
        link.stop()


def test_what_was_under_way_when_the_broker_died_is_known_to_be_lost(topics: Topics):
    with own_broker(topics) as (server, link):
        server.freeze()
        publication = link.publish(topics.verdict("tiles"), b"x")
        assert not publication.wait(0.1)
        assert not publication.lost
        server.kill9()
        until(lambda: publication.lost)
        assert not publication.done()


def test_a_broker_that_holds_the_connection_and_does_nothing_is_noticed(topics: Topics):
    with (
        mosquitto_server() as server,
        link_to(
            Broker(server.host, server.port), topics, echo_every_s=0.1, echo_timeout_s=0.5
        ) as link,
    ):
        server.freeze()
        until(lambda: not link.connected)
        server.thaw()
        until(lambda: link.connected)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_client_thread_that_died_in_silence_is_replaced(broker: Broker, topics: Topics):
    with link_to(
        broker,
        topics,
        subscriptions={topics.verdict(): 1},
        echo_every_s=0.1,
        echo_timeout_s=0.5,
    ) as link:
        victim = next(
            t for t in threading.enumerate() if t.name.startswith("paho") and topics.line in t.name
        )
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(victim.ident), ctypes.py_object(SystemExit)
        )
        link.publish(topics.verdict("tiles"), b"wakes it")
        until(lambda: not victim.is_alive())
        until(lambda: not link.connected)
        until(lambda: link.connected)
        link.publish(topics.verdict("tiles"), b"works")
        payloads = [received(link).payload]
        while payloads[-1] != b"works":
            payloads.append(received(link).payload)


def test_a_slow_consumer_is_waited_for_and_loses_nothing(broker: Broker, topics: Topics):
    count = 300
    wanted = {topics.verdict(): 1}
    with (
        link_to(broker, topics, "inference", in_flight_limit=1000) as inference,
        link_to(broker, topics, "storage", subscriptions=wanted, inbox_size=20) as storage,
    ):
        sent = [inference.publish(topics.verdict("t"), str(i).encode()) for i in range(count)]
        assert all(publication.wait(PATIENCE_S) for publication in sent)
        seen = []
        for i in range(count):
            message = received(storage)
            seen.append(int(message.payload))
            message.ack()
            if i % 100 == 20:
                time.sleep(0.4)  # the inbox is full meanwhile
                assert storage.inbox.full()
        assert seen == list(range(count))
        assert storage.connected


def test_a_consumer_that_stands_gets_all_when_it_goes_on(topics: Topics):
    impatient = {"echo_every_s": 0.1, "echo_timeout_s": 0.4}
    wanted = {topics.verdict(): 1}
    with mosquitto_server("connection_messages true") as server:
        broker = Broker(server.host, server.port)
        with (
            link_to(broker, topics, "inference", in_flight_limit=1000) as inference,
            link_to(
                broker, topics, "storage", subscriptions=wanted, inbox_size=20, **impatient
            ) as storage,
        ):
            sent = [inference.publish(topics.verdict("t"), str(i).encode()) for i in range(100)]
            assert all(publication.wait(PATIENCE_S) for publication in sent)
            until(lambda: storage.inbox.qsize() == 10)  # half of it: what may be on the way
            seen: set[int] = set()
            for _ in range(5):  # mosquitto answers each acknowledgement with all it may send
                message = received(storage)
                seen.add(int(message.payload))
                message.ack()
            until(lambda: not storage.connected)
            assert storage.inbox.full()
            time.sleep(0.5)
            assert connections(server, "storage") == 1  # no use in connecting: nobody takes
            while len(seen) < 100:
                message = received(storage)
                seen.add(int(message.payload))
                message.ack()


def connections(server: Server, client: str) -> int:
    return sum("New client connected" in row and client in row for row in server.log.splitlines())


def flood(link: MqttLink, topic: str, sent: list[Publication]) -> None:
    while True:
        sent.append(link.publish(topic, b"x"))


def test_messages_nobody_acknowledges_are_bounded_on_the_way_out(topics: Topics):
    with own_broker(topics, in_flight_limit=5) as (server, link):
        server.freeze()
        sent: list[Publication] = []
        with pytest.raises(Unavailable, match="unanswered"):
            flood(link, topics.verdict("tiles"), sent)
        assert len(sent) in (4, 5)  # an echo may have had a place for a moment
        server.thaw()
        assert all(publication.wait(PATIENCE_S) for publication in sent)


def test_a_message_above_the_brokers_bound_is_refused_here(broker: Broker, topics: Topics):
    with link_to(broker, topics) as link:
        assert link.publish(topics.verdict("tiles"), b"x" * 1_000_000).wait(PATIENCE_S)
        with pytest.raises(MalformedMessage):
            link.publish(topics.verdict("tiles"), b"x" * 1_100_000)
        assert link.connected


def test_retained_state_and_will(broker: Broker, topics: Topics):
    state = topics.state("bridge")
    with link_to(broker, topics, "dashboard", subscriptions={topics.state(): 1}) as dashboard:
        with link_to(broker, topics, "bridge", will=(state, b"offline")) as bridge:
            bridge.publish(state, b"online", retain=True)
            assert received(dashboard).payload == b"online"
            with link_to(broker, topics, "late", subscriptions={topics.state(): 1}) as late:
                message = received(late)
                assert (message.payload, message.retained) == (b"online", True)
        assert received(dashboard).payload == b"offline"


def test_a_refused_client_says_why_and_tries_again(topics: Topics, capsys):
    with mosquitto_server("allow_anonymous false") as server:
        link = MqttLink(Broker(server.host, server.port), topics, "bridge")
        link.start()
        assert not link.wait_connected(0.5)
        link.stop()
        assert "Not authorized" in capsys.readouterr().out


def test_stop_returns_though_the_broker_is_frozen(topics: Topics):
    with own_broker(topics) as (server, link):
        server.freeze()
        start_s = time.monotonic()
        link.stop()
        assert time.monotonic() - start_s < PATIENCE_S
        server.thaw()


def test_the_inbox_is_a_queue(broker: Broker, topics: Topics):
    with link_to(broker, topics) as link, pytest.raises(queue.Empty):
        link.inbox.get(timeout=0.01)
