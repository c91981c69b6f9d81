"""Recorded verdicts reach storage though the broker and the journal are killed all the time."""

from __future__ import annotations

import queue
import random
import time
from contextlib import ExitStack

from contracts.messages import Stored, StoredItem, Verdict
from contracts.names import VERDICTS, Topics
from contracts.parsing import parse
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.outbox import OutboxPublisher, VerdictOutbox
from runtime.messaging.redis_link import connect
from runtime.process.clock import SystemClock
from runtime.process.loop import Stop, run_loop, supervised_threads
from tests.servers import Server, mosquitto_server, redis_server
from tests.verdicts import verdict
from tests.waiting import until

TOPICS = Topics("site", "line")
RUN_S = 6.0


class Inspection:
    """A process that records verdicts, publishes them, and hears what storage has."""

    def __init__(self, broker: Broker, journal_url: str) -> None:
        journal = connect(journal_url)
        self.link = MqttLink(broker, TOPICS, "inference", subscriptions={TOPICS.stored: 1})
        self.outbox = VerdictOutbox(journal)
        self.publisher = OutboxPublisher(
            journal, self.link, TOPICS, SystemClock(), "inference", resend_after_s=0.4
        )
        self.recorded: list[int] = []

    def record(self) -> None:
        self.outbox.record(verdict(len(self.recorded)))
        self.recorded.append(len(self.recorded))
        time.sleep(0.005)

    def listen(self) -> None:
        for message in taken(self.link):
            self.publisher.on_stored(parse(Stored, message.payload, message.topic))
            message.ack()


class Storage:
    """A process that keeps verdicts and says so."""

    def __init__(self, broker: Broker) -> None:
        self.link = MqttLink(broker, TOPICS, "storage", subscriptions={TOPICS.verdict(): 1})
        self.rows: set[int] = set()

    def keep(self) -> None:
        for message in taken(self.link):
            part = parse(Verdict, message.payload, message.topic).part
            self.rows.add(part.trigger_seq)
            stored = Stored(items=(StoredItem(kind="verdict", part=part),))
            self.link.publish(TOPICS.stored, stored.model_dump_json().encode())
            message.ack()


def taken(link: MqttLink):
    try:
        yield link.inbox.get(timeout=0.05)
    except queue.Empty:
        return


def hurt(servers: list[Server], dice: random.Random) -> None:
    server = dice.choice(servers)
    server.kill9()
    time.sleep(dice.uniform(0, 0.4))
    server.start()
    time.sleep(dice.uniform(0.1, 0.6))


def test_every_recorded_verdict_is_stored_and_forgotten():
    dice = random.Random(7)
    with ExitStack() as stack:
        server = stack.enter_context(mosquitto_server())
        journal = stack.enter_context(redis_server("journal"))
        broker = Broker(server.host, server.port)
        inspection, storage, stop = Inspection(broker, journal.url), Storage(broker), Stop()
        steps = {
            "record": inspection.record,
            "publish": inspection.publisher.step,
            "listen": inspection.listen,
            "keep": storage.keep,
        }
        jobs = {
            name: lambda step=step, name=name: run_loop(step, stop, name)
            for name, step in steps.items()
            if name != "record"
        }
        recording = Stop()
        for link in (inspection.link, storage.link):
            link.start()
        with supervised_threads(stop, jobs):
            record = {"record": lambda: run_loop(steps["record"], recording, "record")}
            with supervised_threads(recording, record):
                end_s = time.monotonic() + RUN_S
                while time.monotonic() < end_s:
                    hurt([server, journal], dice)
            recorded = set(inspection.recorded)
            until(lambda: storage.rows >= recorded)
            until(lambda: _left(journal.client()) == 0)
            assert not stop.is_set()
        for link in (inspection.link, storage.link):
            link.stop()
        assert stop.exit_code == 0
        assert len(recorded) > 50


def _left(client) -> int:
    with client:
        return client.xlen(VERDICTS)
