"""The outbox against a real journal and a real broker, both of which die."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from contracts.errors import ServerFull, Unavailable
from contracts.messages import Verdict
from contracts.names import VERDICTS, Topics, dead_letters, decided
from contracts.parsing import parse
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.outbox import OutboxPublisher, VerdictOutbox
from runtime.messaging.redis_link import connect
from runtime.messaging.streams import append
from runtime.process.clock import SystemClock
from runtime.process.loop import Stop, run_loop, supervised_threads
from tests.servers import free_port, mosquitto_server, redis_server
from tests.verdicts import stored, verdict
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def topics() -> Topics:
    return Topics("site", f"line-{free_port()}-{time.monotonic_ns()}")


@contextmanager
def listener(broker: Broker, topics: Topics, name: str = "bridge") -> Iterator[MqttLink]:
    link = MqttLink(broker, topics, name, subscriptions={topics.verdict(): 1})
    link.start()
    assert link.wait_connected(PATIENCE_S)
    try:
        yield link
    finally:
        link.stop()


@contextmanager
def publishing(
    journal: redis.Redis, broker: Broker, topics: Topics, consumer: str = "inference", **options
) -> Iterator[OutboxPublisher]:
    """A publisher that steps in a thread of its own, as in a process."""
    link = MqttLink(broker, topics, consumer)
    publisher = OutboxPublisher(journal, link, topics, SystemClock(), consumer, **options)
    stop = Stop()
    link.start()
    with supervised_threads(stop, {"outbox": lambda: run_loop(publisher.step, stop, "outbox")}):
        yield publisher
    link.stop()
    assert stop.exit_code == 0


def take(link: MqttLink, timeout_s: float = PATIENCE_S) -> Verdict:
    message = link.inbox.get(timeout=timeout_s)
    message.ack()
    return parse(Verdict, message.payload, message.topic)


def sequences(link: MqttLink, count: int) -> list[int]:
    return [take(link).part.trigger_seq for _ in range(count)]


def test_the_first_verdict_stands(journal_redis: redis.Redis):
    outbox = VerdictOutbox(journal_redis)
    first, second = verdict(1, verdict_id="first"), verdict(1, verdict_id="second")
    assert outbox.record(first)
    assert not outbox.record(second)
    assert outbox.record(first)  # said again after a lost answer: it is the same verdict
    [(_, fields)] = journal_redis.xrange(VERDICTS)
    assert parse(Verdict, fields[b"verdict"], VERDICTS) == first
    assert 0 < journal_redis.ttl(decided(first.part)) <= 7 * 24 * 3600


def test_of_many_that_finish_one_part_one_stands(journal_redis: redis.Redis):
    outbox = VerdictOutbox(journal_redis)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda i: outbox.record(verdict(1, verdict_id=f"worker-{i}")), range(40))
        )
    assert answers.count(True) == 1
    assert journal_redis.xlen(VERDICTS) == 1


def test_a_recorded_verdict_survives_kill_9():
    with redis_server("journal") as server, connect(server.url) as client:
        outbox = VerdictOutbox(client)
        for i in range(20):
            assert outbox.record(verdict(i))
        server.kill9()
        with pytest.raises(Unavailable):
            outbox.record(verdict(20))
        server.start()
        assert client.xlen(VERDICTS) == 20
        assert not outbox.record(verdict(3, verdict_id="another"))
        assert outbox.record(verdict(20))


@contextmanager
def at_its_bound(journal: redis.Redis) -> Iterator[None]:
    journal.config_set("maxmemory", "1")
    try:
        yield
    finally:
        journal.config_set("maxmemory", "512mb")


def test_a_full_journal_says_so(journal_redis: redis.Redis):
    outbox = VerdictOutbox(journal_redis)
    with at_its_bound(journal_redis), pytest.raises(ServerFull):
        outbox.record(verdict(1))
    assert journal_redis.keys() == []
    assert outbox.record(verdict(1))


def test_a_full_journal_is_emptied_by_what_storage_has(
    journal_redis: redis.Redis, broker: Broker, topics: Topics
):
    VerdictOutbox(journal_redis).record(verdict(0))
    with (
        listener(broker, topics) as bridge,
        at_its_bound(journal_redis),
        publishing(journal_redis, broker, topics) as publisher,
    ):
        assert sequences(bridge, 1) == [0]
        publisher.on_stored(stored(verdict(0)))
        assert journal_redis.xlen(VERDICTS) == 0


def test_a_verdict_is_on_the_wire_at_once(
    journal_redis: redis.Redis, broker: Broker, topics: Topics
):
    outbox = VerdictOutbox(journal_redis)
    with listener(broker, topics) as bridge, publishing(journal_redis, broker, topics):
        outbox.record(verdict(0))
        take(bridge)
        delays_ms = []
        for i in range(1, 30):
            time.sleep(0.01)
            start_s = time.perf_counter()
            outbox.record(verdict(i))
            assert take(bridge).part.trigger_seq == i
            delays_ms.append((time.perf_counter() - start_s) * 1e3)
    # A sleep between polls or Nagle's algorithm would make it 40 ms and more.
    assert sorted(delays_ms)[len(delays_ms) // 2] < 20


def test_verdicts_are_sent_until_storage_has_them(
    journal_redis: redis.Redis, broker: Broker, topics: Topics
):
    outbox = VerdictOutbox(journal_redis)
    first, second = verdict(1), verdict(2)
    with (
        listener(broker, topics) as storage,
        publishing(journal_redis, broker, topics, resend_after_s=0.3) as publisher,
    ):
        outbox.record(first)
        outbox.record(second)
        assert sequences(storage, 2) == [1, 2]
        assert sequences(storage, 2) == [1, 2]
        publisher.on_stored(stored(second))
        publisher.on_stored(stored(second))  # said twice, as the broker may
        assert sequences(storage, 2) == [1, 1]
        publisher.on_stored(stored(first))
        until(lambda: journal_redis.xlen(VERDICTS) == 0)
        time.sleep(0.6)
        assert storage.inbox.empty()


def test_the_identity_of_a_stored_verdict_goes_soon(
    journal_redis: redis.Redis, broker: Broker, topics: Topics
):
    outbox = VerdictOutbox(journal_redis)
    outbox.record(verdict(1))
    outbox.record(verdict(2))
    link: Any = _Connected()
    publisher = OutboxPublisher(journal_redis, link, topics, SystemClock(), "one")
    with at_its_bound(journal_redis):
        publisher.on_stored(stored(verdict(1)))
    assert 0 < journal_redis.ttl(decided(verdict(1).part)) <= 3600
    assert journal_redis.ttl(decided(verdict(2).part)) > 6 * 24 * 3600
    assert not outbox.record(verdict(1, verdict_id="another"))
    journal_redis.expire(decided(verdict(1).part), 60)
    publisher.on_stored(stored(verdict(1)))  # said twice, as the broker may
    assert journal_redis.ttl(decided(verdict(1).part)) <= 60


def test_storage_is_understood_after_the_identity_expired(
    journal_redis: redis.Redis, broker: Broker, topics: Topics
):
    VerdictOutbox(journal_redis).record(verdict(1))
    journal_redis.delete(decided(verdict(1).part))
    with (
        listener(broker, topics) as storage,
        publishing(journal_redis, broker, topics, resend_after_s=0.2) as publisher,
    ):
        assert sequences(storage, 2) == [1, 1]
        publisher.on_stored(stored(verdict(1)))
        assert journal_redis.xlen(VERDICTS) == 0


def test_a_verdict_that_nobody_heard_is_sent_again_soon(
    journal_redis: redis.Redis, broker: Broker, topics: Topics
):
    outbox = VerdictOutbox(journal_redis)
    with publishing(journal_redis, broker, topics, resend_after_s=60, unmatched_after_s=0.1):
        outbox.record(verdict(1))
        time.sleep(0.3)
        with listener(broker, topics) as bridge:
            assert take(bridge, 2).part.trigger_seq == 1


def test_another_process_sends_what_a_dead_one_left(
    journal_redis: redis.Redis, broker: Broker, topics: Topics
):
    outbox = VerdictOutbox(journal_redis)
    outbox.record(verdict(1))
    nobody: Any = _Connected()
    dead = OutboxPublisher(journal_redis, nobody, topics, SystemClock(), "dead", resend_after_s=60)
    dead.step()  # reads the entry, and is gone before the broker has it
    with (
        listener(broker, topics) as bridge,
        publishing(journal_redis, broker, topics, "alive", resend_after_s=0.2) as alive,
    ):
        assert take(bridge).part.trigger_seq == 1
        alive.on_stored(stored(verdict(1)))
        until(lambda: journal_redis.xlen(VERDICTS) == 0)


class _Published:
    """A publication that the broker has."""

    lost = unmatched = False

    def done(self) -> bool:
        return True

    def wait(self, timeout_s: float) -> bool:
        return True


class _Recording:
    """A link that keeps the order of what it was given."""

    def __init__(self) -> None:
        self.sequences: list[int] = []

    def wait_connected(self, timeout_s: float) -> bool:
        return True

    def publish(self, topic: str, payload: bytes) -> object:
        self.sequences.append(parse(Verdict, payload, topic).part.trigger_seq)
        return _Published()


def test_a_fresh_verdict_is_not_held_up_behind_a_backlog(
    journal_redis: redis.Redis, topics: Topics
):
    with journal_redis.pipeline() as pipe:
        for i in range(2000):
            pipe.xadd(VERDICTS, {"verdict": verdict(i, age_ms=5000).model_dump_json()})
        pipe.execute()
    outbox = VerdictOutbox(journal_redis)
    link: Any = _Recording()
    publisher = OutboxPublisher(
        journal_redis, link, topics, SystemClock(), "one", resend_after_s=3600
    )
    for i in (2000, 2001):
        outbox.record(verdict(i))
    publisher.step()
    assert link.sequences[:2] == [2000, 2001]
    assert journal_redis.xpending(VERDICTS, "publish")["pending"] < 500  # most was not even read
    outbox.record(verdict(2002))
    before = len(link.sequences)
    publisher.step()
    assert link.sequences[before] == 2002
    while len(link.sequences) < 2003:
        publisher.step()
    for _ in range(3):
        publisher.step()
    assert sorted(link.sequences) == list(range(2003))  # each once


class _Connected:
    """A link whose messages never arrive: what a process leaves that dies in the middle."""

    def wait_connected(self, timeout_s: float) -> bool:
        return True

    def publish(self, topic: str, payload: bytes) -> object:
        raise Unavailable("broker", "gone")


def test_after_an_outage_the_fresh_go_first(
    journal_redis: redis.Redis, broker: Broker, topics: Topics
):
    outbox = VerdictOutbox(journal_redis)
    for i in range(400):
        outbox.record(verdict(i, age_ms=5000))
    for i in range(400, 410):
        outbox.record(verdict(i))
    with listener(broker, topics) as bridge, publishing(journal_redis, broker, topics):
        seen = sequences(bridge, 410)
    assert seen[:10] == list(range(400, 410))
    assert seen[10:] == list(range(400))


def test_a_killed_broker_costs_no_verdict(journal_redis: redis.Redis, topics: Topics):
    outbox = VerdictOutbox(journal_redis)
    with mosquitto_server() as server:
        broker = Broker(server.host, server.port)
        with listener(broker, topics) as bridge, publishing(journal_redis, broker, topics):
            outbox.record(verdict(1))
            assert take(bridge).part.trigger_seq == 1
            server.kill9()
            until(lambda: not bridge.connected)
            outbox.record(verdict(2))
            server.start()
            assert take(bridge).part.trigger_seq == 2


def test_a_verdict_under_way_when_the_broker_dies_is_sent_again(
    journal_redis: redis.Redis, topics: Topics
):
    outbox = VerdictOutbox(journal_redis)
    with mosquitto_server() as server:
        broker = Broker(server.host, server.port)
        with (
            listener(broker, topics) as bridge,
            publishing(journal_redis, broker, topics, resend_after_s=60),
        ):
            outbox.record(verdict(1))
            assert take(bridge).part.trigger_seq == 1
            server.freeze()
            outbox.record(verdict(2))
            time.sleep(0.2)  # it is written to the socket of a broker that does nothing
            server.kill9()
            server.start()
            assert take(bridge).part.trigger_seq == 2


def test_a_killed_journal_costs_no_verdict(broker: Broker, topics: Topics):
    with redis_server("journal") as server, connect(server.url) as client:
        outbox = VerdictOutbox(client)
        with (
            listener(broker, topics) as bridge,
            publishing(client, broker, topics, resend_after_s=0.3) as publisher,
        ):
            outbox.record(verdict(1))
            assert take(bridge).part.trigger_seq == 1
            server.kill9()
            with pytest.raises(Unavailable):
                publisher.on_stored(stored(verdict(1)))
            time.sleep(0.3)
            server.start()
            outbox.record(verdict(2))
            assert {take(bridge).part.trigger_seq for _ in range(3)} == {1, 2}
            publisher.on_stored(stored(verdict(1), verdict(2)))
            assert client.xlen(VERDICTS) == 0


def test_an_entry_that_is_no_verdict_goes_to_the_dead_letters(
    journal_redis: redis.Redis, broker: Broker, topics: Topics
):
    append(journal_redis, VERDICTS, {"verdict": b"{}"})
    append(journal_redis, VERDICTS, {"other": b"x"})
    VerdictOutbox(journal_redis).record(verdict(1))
    with listener(broker, topics) as bridge, publishing(journal_redis, broker, topics):
        assert take(bridge).part.trigger_seq == 1
    assert journal_redis.xlen(VERDICTS) == 1
    assert journal_redis.xlen(dead_letters(VERDICTS)) == 2


def test_a_flood_is_sent_in_order_and_in_full(
    journal_redis: redis.Redis, broker: Broker, topics: Topics
):
    outbox = VerdictOutbox(journal_redis)
    with listener(broker, topics) as bridge, publishing(journal_redis, broker, topics):
        for i in range(600):
            outbox.record(verdict(i))
        assert sequences(bridge, 600) == list(range(600))
