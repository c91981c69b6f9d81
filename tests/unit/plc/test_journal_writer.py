"""The thread that writes the journal: in order, in groups, and through a disk that is away."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plc.effects import OpenEpoch
from plc.journal import Applied, Journal
from plc.journal_writer import JournalWriter
from runtime.worker import Stop


class Writing:
    """A writer in its thread; ``done`` is what it reported, in order."""

    def __init__(self, path: Path) -> None:
        self.journal, self.stop = Journal(path), Stop()
        self.done: list[Applied] = []
        self.writer = JournalWriter(self.journal, self.done.extend)
        self.thread = threading.Thread(target=self.writer.run, args=(self.stop,), daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(5)
        self.journal.close()

    def epochs(self) -> list[int]:
        return [each.op.epoch for each in self.done]


@pytest.fixture
def writing(tmp_path: Path):
    started = Writing(tmp_path / "bridge.sqlite")
    yield started
    started.end()


def until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def test_everything_is_committed_in_order(writing):
    for epoch in range(1, 301):
        writing.writer.submit(OpenEpoch("top", epoch, 1, 1))
    until(lambda: len(writing.done) == 300)
    assert writing.epochs() == list(range(1, 301))
    assert writing.journal.numbering("top").epoch == 300


def test_a_disk_that_is_away_is_told_and_nothing_is_lost_or_reordered(writing):
    intruder = sqlite3.connect(writing.journal.path, isolation_level=None)
    intruder.execute("BEGIN IMMEDIATE")  # as a full disk would: the journal cannot write
    for epoch in (1, 2, 3):
        writing.writer.submit(OpenEpoch("top", epoch, 1, 1))
    until(lambda: not writing.writer.up)
    assert not writing.done
    intruder.execute("ROLLBACK")
    until(lambda: len(writing.done) == 3)
    assert writing.writer.up
    assert writing.epochs() == [1, 2, 3]


def test_what_waits_at_the_end_is_still_written(tmp_path):
    writing = Writing(tmp_path / "bridge.sqlite")
    for epoch in range(1, 2001):
        writing.writer.submit(OpenEpoch("top", epoch, 1, 1))
    writing.end()
    assert len(writing.done) == 2000
