"""A line's health through a real broker that dies, and processes that die."""

from __future__ import annotations

import time

import pytest
from prometheus_client import REGISTRY

from contracts.names import Topics
from contracts.process_state import Condition, Role, Status
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.state import StateBoard
from runtime.process.clock import Clock, ManualClock, SystemClock
from tests.health import health_of
from tests.servers import Server, free_port, mosquitto_server
from tests.waiting import PATIENCE_S, until

LOCKED = Condition(code="database_locked", detail="by another program")


@pytest.fixture
def topics() -> Topics:
    return Topics("site", f"line-{free_port()}-{time.monotonic_ns()}")


def started(broker: Broker, topics: Topics, clock: Clock) -> tuple[MqttLink, StateBoard]:
    will = StateBoard.will(topics, "storage", Role.STORAGE)
    link = MqttLink(broker, topics, "storage", will=will)
    board = StateBoard(link, topics, "storage", Role.STORAGE, clock)
    link.start()
    assert link.wait_connected(PATIENCE_S)
    return link, board


def metric(code: str) -> float | None:
    labels = {"code": code, "severity": "alarm", "station": ""}
    return REGISTRY.get_sample_value("referee_condition", labels)


def test_a_condition_is_said_with_its_age_and_is_a_metric(broker: Broker, topics: Topics) -> None:
    clock = ManualClock(start_ns=time.time_ns())
    link, board = started(broker, topics, clock)
    with health_of(broker, topics) as seen:
        board.publish(Status(conditions=(LOCKED,)))
        clock.advance_ms(12_000)
        board.publish(Status(conditions=(LOCKED,)))
        until(lambda: any((each.for_s or 0) >= 12 for each in seen.health().conditions))
        assert metric("database_locked") == 1
        board.publish(Status(ready=True))
        seen.until_over("database_locked")
        assert metric("database_locked") is None
    link.stop()


def test_an_age_does_not_depend_on_a_clock_that_was_set(broker: Broker, topics: Topics) -> None:
    clock = ManualClock(start_ns=time.time_ns())
    link, board = started(broker, topics, clock)
    with health_of(broker, topics) as seen:
        board.publish(Status(conditions=(LOCKED,)))
        seen.until("database_locked")
        clock.advance_ms(20_000)
        clock.set_utc(clock.now().utc_ns - 3600 * 10**9)
        board.publish(Status(conditions=(LOCKED,)))
        seen.until("clock_moved")
        ages = {each.code: each.for_s for each in seen.health().conditions}
        assert 20 <= (ages["database_locked"] or 0) < 20 + PATIENCE_S
    link.stop()


def test_a_process_that_ends_is_gone(broker: Broker, topics: Topics) -> None:
    link, board = started(broker, topics, SystemClock())
    with health_of(broker, topics) as seen:
        board.publish(Status(ready=True))
        seen.until_ready("storage")
        link.stop()
        seen.until("process_gone")


def test_a_retained_state_of_a_process_that_is_no_more_is_not_believed(
    broker: Broker, topics: Topics
) -> None:
    clock = ManualClock(start_ns=time.time_ns() - 3600 * 10**9)
    link, board = started(broker, topics, clock)
    board.publish(Status(ready=True))
    with health_of(broker, topics) as seen:
        seen.until("process_silent")
        clock.advance_ms(5000)
        board.publish(Status(ready=True))  # it lives; only its clock is an hour behind
        seen.until_over("process_silent")
    link.stop()


def test_a_broker_that_is_away_is_said_and_the_last_states_stay(topics: Topics) -> None:
    with mosquitto_server() as server:
        broker = address_of(server)
        link, board = started(broker, topics, SystemClock())
        with health_of(broker, topics) as seen:
            board.publish(Status(stations=("tiles",), conditions=(LOCKED,)))
            seen.until("database_locked")
            server.kill9()
            seen.until("broker_away")
            assert seen.codes() == {"broker_away", "database_locked"}
            assert [each.station for each in seen.health().stations] == ["tiles"]
            board.publish(Status(conditions=(LOCKED,)))
            assert metric("broker_away") == 1
            server.start()
            seen.until_over("broker_away")
        link.stop()


def address_of(server: Server) -> Broker:
    return Broker(server.host, server.port)
