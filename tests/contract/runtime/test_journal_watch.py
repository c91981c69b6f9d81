"""The journal's memory against a real Redis: told always, an alarm before it is full."""

from __future__ import annotations

import pytest
import redis
from prometheus_client import REGISTRY

from contracts.errors import Unavailable
from contracts.names import Topics
from runtime.messaging.broker import Broker
from runtime.messaging.journal_watch import JournalWatch
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.outbox import OutboxPublisher
from runtime.messaging.redis_link import connect
from runtime.process.clock import SystemClock
from runtime.process.metrics import JOURNAL_USED_SHARE
from tests.servers import redis_server


def share() -> float | None:
    return REGISTRY.get_sample_value("referee_journal_used_share")


def test_a_journal_with_room_is_told_and_no_alarm(
    journal_redis: redis.Redis, capsys: pytest.CaptureFixture[str]
):
    JournalWatch(journal_redis).look()
    assert 0 < share() < 0.1
    assert "journal_nearly_full" not in capsys.readouterr().out


def test_a_journal_that_fills_up_is_an_alarm(
    journal_redis: redis.Redis, capsys: pytest.CaptureFixture[str]
):
    bound = journal_redis.config_get("maxmemory")["maxmemory"]
    journal_redis.config_set("maxmemory", int(journal_redis.info("memory")["used_memory"] * 1.2))
    try:
        watch = JournalWatch(journal_redis)
        watch.look()
        assert share() > 0.7
        assert "journal_nearly_full" in capsys.readouterr().out
        watch.look()  # not time yet
        assert "journal_nearly_full" not in capsys.readouterr().out
    finally:
        journal_redis.config_set("maxmemory", bound)


def test_who_publishes_verdicts_watches_the_journal_also_without_a_broker(
    journal_redis: redis.Redis, broker: Broker
):
    topics = Topics("site", "line")
    link = MqttLink(broker, topics, "inference")  # not started
    JOURNAL_USED_SHARE.set(0)
    OutboxPublisher(journal_redis, link, topics, SystemClock(), "inference").step()
    assert share() > 0


def test_a_dead_journal_is_a_link_down():
    with redis_server("journal") as server, connect(server.url) as client:
        server.kill9()
        with pytest.raises(Unavailable):
            JournalWatch(client).look()
