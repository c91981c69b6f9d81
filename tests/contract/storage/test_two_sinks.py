"""Two storage processes with a database each: an outbox keeps what one of them has not yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import func, select

from contracts.messages import Stored
from contracts.names import VERDICTS, Topics
from contracts.process_state import Status
from runtime.messaging.broker import Broker
from runtime.messaging.control import Control
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.outbox import OutboxPublisher, VerdictOutbox
from runtime.messaging.release_book import ReleaseBook
from runtime.process.clock import SystemClock
from runtime.process.loop import Stop, run_loop, supervised_threads
from storage.database import open_sessions
from storage.models import VerdictRow
from tests.contract.storage.conftest import Outbox, Process, eventually
from tests.verdicts import verdict
from tests.waiting import PATIENCE_S

SINKS = ("storage", "plant")


@pytest.fixture
def sinks(environment: dict[str, str], tmp_path: Path) -> Iterator[dict[str, Process]]:
    """Neither is started."""
    made = {}
    for name in SINKS:
        (tmp_path / name).mkdir()
        own = {"REFEREE_STORAGE_NAME": name, "REFEREE_RUN_DIR": str(tmp_path / name)}
        made[name] = Process("storage", environment | own, tmp_path / f"{name}.log")
    yield made
    for process in made.values():
        if process._running is not None:
            process._running.kill()
            process._running.wait()


class Board:
    """Nobody reads the state."""

    def publish(self, status: Status) -> bool:
        return True


@pytest.fixture
def worker(broker: Broker, topics: Topics, journal_redis: redis.Redis) -> Iterator[list[Stored]]:
    """A process with an outbox, as inference is one; gives what its outbox heard."""
    heard: list[Stored] = []
    link = MqttLink(broker, topics, "inference", subscriptions={topics.stored: 1})
    publisher = OutboxPublisher(
        journal_redis, link, topics, SystemClock(), "inference", resend_after_s=0.5
    )

    def on_stored(stored: Stored) -> None:
        heard.append(stored)
        publisher.on_stored(stored)

    control = Control(
        link.inbox,
        topics,
        follow=lambda stations: True,
        stations=("tiles",),
        releases=ReleaseBook(),
        sinks=SINKS,
        on_stored=on_stored,
        board=Board(),
        status=Status,
    )
    stop = Stop()
    link.start()
    assert link.wait_connected(PATIENCE_S)
    steps = {"outbox": publisher.step, "control": control.step}
    jobs = {name: lambda step=step: run_loop(step, stop, "test") for name, step in steps.items()}
    with supervised_threads(stop, jobs):
        yield heard
    link.stop()


def stored_verdicts(folder: Path) -> int:
    [database] = [each for each in folder.iterdir() if each.suffix in {".db", ".sqlite"}]
    with open_sessions(f"sqlite:///{database}")() as session:
        return session.scalar(select(func.count()).select_from(VerdictRow)) or 0


def test_a_verdict_stays_in_the_outbox_until_both_sinks_have_it(
    sinks: dict[str, Process],
    outbox: Outbox,
    worker: list[Stored],
    journal_redis: redis.Redis,
    tmp_path: Path,
) -> None:
    sinks["storage"].start()
    outbox.wait_for_the_sink()
    VerdictOutbox(journal_redis).record(verdict(1))
    eventually(lambda: any(stored.by == "storage" for stored in worker))
    assert journal_redis.xlen(VERDICTS) == 1
    sinks["plant"].start()
    eventually(lambda: journal_redis.xlen(VERDICTS) == 0)
    assert {stored.by for stored in worker} == set(SINKS)
    assert [stored_verdicts(tmp_path / name) for name in SINKS] == [1, 1]
