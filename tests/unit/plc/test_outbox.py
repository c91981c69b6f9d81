"""Told again until storage has it, ever more seldom while storage says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from contracts.errors import Unavailable
from contracts.messages import StoredItem
from contracts.names import Topics
from plc.core.effects import LogMissed, MarkStored, OpenEpoch
from plc.journal.journal import Journal
from plc.journal.outbox import UNSTORED, DispositionOutbox
from runtime.process.clock import ManualClock
from tests.unit.plc.test_journal import missed


class Telling:
    """An outbox over a real journal; ``times`` says when, in seconds, each message went out."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self.clock = ManualClock()
        self.outbox = DispositionOutbox(path, self, Topics("plant", "line"), self.clock)
        self.journal.apply([OpenEpoch("top", 5, 7, 1)])
        self.times: list[float] = []
        self.elapsed_s = 0.0
        self.down = False

    def dispose(self, *seqs: int) -> None:
        self.journal.apply([LogMissed(tuple(missed(seq) for seq in seqs))])

    def store(self, *seqs: int) -> None:
        items = [StoredItem(kind="disposition", part=missed(s).part, revision=1) for s in seqs]
        self.journal.apply([MarkStored(tuple(items))])
        self.outbox.storage_answered()

    def publish(self, topic: str, payload: bytes) -> None:
        if self.down:
            raise Unavailable("the broker", "it is down")
        self.times.append(self.elapsed_s)

    def run(self, seconds: int) -> list[float]:
        """Scans once a second; what went out meanwhile."""
        self.times = []
        for _ in range(seconds):
            self.outbox.scan(self.journal.database)
            self.clock.advance_ms(1000)
            self.elapsed_s += 1
        return self.times


@pytest.fixture
def telling(tmp_path: Path):
    made = Telling(tmp_path / "bridge.sqlite")
    yield made
    made.journal.close()


def test_the_pause_doubles_up_to_a_minute_while_storage_says_nothing(telling):
    telling.dispose(1)
    assert telling.run(300) == [0, 5, 15, 35, 75, 135, 195, 255]


def test_storages_word_ends_the_long_pause_and_the_rest_is_told(telling):
    telling.dispose(*range(1, 251))
    assert len(telling.run(100)) == 250 * 5
    telling.store(250)
    assert telling.run(20)[0] <= 105
    telling.store(*range(1, 250))
    assert telling.run(100) == []


def test_a_broker_that_is_back_is_told_at_once_where_it_was_left(telling):
    telling.dispose(*range(1, 251))
    telling.run(2)
    telling.down = True
    assert telling.run(100) == []
    telling.down = False
    assert len(telling.run(2)) == 50


def test_a_long_backlog_is_counted_and_is_an_alarm_once(telling, monkeypatch):
    monkeypatch.setattr("plc.journal.outbox.LONG_BACKLOG", 3)
    with capture_logs() as logs:
        telling.dispose(1, 2, 3, 4)
        telling.run(3)
        assert UNSTORED._value.get() == 4
        telling.store(1, 2)
        telling.run(3)
    assert [(each["log_level"], each["count"]) for each in logs] == [("error", 4), ("info", 2)]
