"""What a process says of itself, through a real broker."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from contracts.names import Topics
from contracts.parsing import parse
from contracts.process_state import ProcessState, Role, Status
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.state import StateBoard
from runtime.process.clock import ManualClock
from tests.servers import free_port, mosquitto_server
from tests.waiting import PATIENCE_S, until

SERVES = Status(ready=True, stations=("tiles",), releases={"tiles": "abc"})


@pytest.fixture
def topics() -> Topics:
    return Topics("site", f"line-{free_port()}-{time.monotonic_ns()}")


@pytest.fixture
def watcher(broker: Broker, topics: Topics) -> Iterator[MqttLink]:
    link = MqttLink(broker, topics, "dashboard", subscriptions={topics.state(): 1})
    link.start()
    assert link.wait_connected(PATIENCE_S)
    yield link
    link.stop()


def next_state(link: MqttLink) -> ProcessState:
    message = link.inbox.get(timeout=3)
    message.ack()
    return parse(ProcessState, message.payload, message.topic)


def test_a_state_is_told_when_it_is_news(broker: Broker, topics: Topics, watcher: MqttLink):
    clock = ManualClock()
    link = MqttLink(broker, topics, "bridge", will=StateBoard.will(topics, "bridge", Role.BRIDGE))
    board = StateBoard(link, topics, "bridge", Role.BRIDGE, clock)
    assert not board.publish(Status())  # the link is not up
    link.start()
    assert link.wait_connected(PATIENCE_S)
    assert next_state(watcher).ready is False  # told by itself on connection
    assert board.publish(SERVES)
    assert next_state(watcher).releases == {"tiles": "abc"}
    for _ in range(4):
        clock.advance_ms(1000)
        assert board.publish(SERVES)
    assert watcher.inbox.empty()
    clock.advance_ms(1000)
    board.publish(SERVES)
    assert next_state(watcher).at_utc_ns == clock.now().utc_ns
    board.publish(Status(reason="no model"))
    assert next_state(watcher).reason == "no model"
    link.stop()
    gone = next_state(watcher)
    assert (gone.online, gone.ready, gone.reason) == (False, False, "process is gone")


def test_after_a_killed_broker_the_state_is_told_again(topics: Topics):
    with mosquitto_server() as server:
        link = MqttLink(Broker(server.host, server.port), topics, "bridge")
        board = StateBoard(link, topics, "bridge", Role.BRIDGE, ManualClock())
        link.start()
        assert link.wait_connected(PATIENCE_S)
        assert board.publish(Status(ready=True))
        server.kill9()
        until(lambda: not link.connected)
        assert not board.publish(Status(ready=True, reason="new"))
        server.start()
        assert link.wait_connected(PATIENCE_S)
        late = MqttLink(
            Broker(server.host, server.port), topics, "late", subscriptions={topics.state(): 1}
        )
        late.start()
        assert next_state(late).reason == "new"
        late.stop()
        link.stop()
