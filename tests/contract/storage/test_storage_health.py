"""Storage and the archive say what is wrong while it is: locked database, full disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contracts.names import Topics
from runtime.messaging.broker import Broker
from tests.contract.storage.conftest import Outbox, Process
from tests.health import Seen, health_of
from tests.small_disk import on_a_small_disk
from tests.unit.storage.part_messages import disposition


@pytest.fixture
def seen(broker: Broker, topics: Topics) -> Iterator[Seen]:
    with health_of(broker, topics) as seen:
        yield seen


def test_a_locked_database_is_said_while_it_is_locked(
    sink: Process, outbox: Outbox, seen: Seen, tmp_path: Path
) -> None:
    sink.start()
    seen.until_ready("storage")
    with closing(sqlite3.connect(tmp_path / "referee.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        send(outbox, 1)
        seen.until("database_locked")
        assert seen.health().processes[0].doing == "not ready"
        (locked,) = (each for each in seen.health().conditions if each.code == "database_locked")
        assert (locked.said_by, locked.severity) == (("storage",), "alarm")
        other.execute("ROLLBACK")
    seen.until_over("database_locked")
    seen.until_ready("storage")


def test_a_full_disk_is_said_while_it_is_full(
    sink: Process, outbox: Outbox, seen: Seen, tmp_path: Path
) -> None:
    disk = on_a_small_disk(sink, tmp_path, largest_mb=8)
    seen.until_ready("storage")
    disk.fill()
    send(outbox, 1)
    seen.until("disk_full")
    disk.empty()
    seen.until_over("disk_full")
    seen.until_ready("storage")


def send(outbox: Outbox, seq: int) -> None:
    part = disposition(seq)
    topic = outbox.topics.disposition("tiles")
    outbox.link.publish(topic, part.model_dump_json().encode())
