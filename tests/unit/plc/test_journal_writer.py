"""The thread that writes the journal: in order, in groups, and through a disk that is away."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.causes import Decision
from contracts.identity import PartKey
from contracts.messages import StoredItem
from plc.core.effects import MarkStored, NoteLate, OpenEpoch
from plc.journal.journal import Applied, Journal
from plc.journal.writer import REFUSED, JournalWriter
from runtime.process.loop import Stop
from tests.waiting import PATIENCE_S


class Writing:
    """A writer in its thread; ``done`` is what it reported, in order."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self.stop = Stop()
        self.done: list[Applied] = []
        self.writer = JournalWriter(self.journal, self.done.extend)
        self.thread = threading.Thread(target=self.writer.run, args=(self.stop,), daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(PATIENCE_S)
        self.journal.close()

    def epochs(self) -> list[int]:
        operations: list[Any] = [each.op for each in self.done]
        return [operation.epoch for operation in operations]


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
    assert writing.writer.trouble.code == "database_locked"
    assert not writing.done
    intruder.execute("ROLLBACK")
    until(lambda: len(writing.done) == 3)
    assert writing.writer.up
    assert writing.writer.trouble is None
    assert writing.epochs() == [1, 2, 3]


def test_a_full_disk_is_told_by_its_name_and_nothing_is_lost(writing):
    used = writing.journal.database.execute("PRAGMA page_count").fetchone()[0]
    writing.journal.database.execute(f"PRAGMA max_page_count = {used}")  # SQLite's own full disk
    for epoch in range(1, 1001):
        writing.writer.submit(OpenEpoch("top", epoch, 1, 1))
    until(lambda: not writing.writer.up)
    assert writing.writer.trouble.code == "disk_full"
    assert str(writing.journal.path) in writing.writer.trouble.detail
    writing.journal.database.execute("PRAGMA max_page_count = 1000000")
    until(lambda: len(writing.done) == 1000)
    assert writing.writer.trouble is None


def foreign(**identity: Any) -> PartKey:
    """What no message can hold today; the next field that is added may let it through."""
    return PartKey.model_construct(station="top", **identity)


def stored(part: PartKey) -> MarkStored:
    return MarkStored((StoredItem.model_construct(kind="sequence", part=part),))


@pytest.mark.parametrize(
    "poison",
    [
        NoteLate(foreign(epoch=2**70, trigger_seq=1), "v", Decision.PASS),
        NoteLate(foreign(epoch=[1], trigger_seq=1), "v", Decision.PASS),
        MarkStored(
            (StoredItem.model_construct(kind="sequence", part=foreign(epoch=1, trigger_seq=2**70)),)
        ),
    ],
)
def test_words_from_outside_that_cannot_be_written_are_left_out_alone(writing, poison):
    before = REFUSED._value.get()
    for op in (OpenEpoch("top", 1, 1, 1), poison, OpenEpoch("top", 2, 1, 1)):
        writing.writer.submit(op)
    until(lambda: len(writing.done) == 2)
    assert writing.epochs() == [1, 2]
    assert REFUSED._value.get() == before + 1
    assert writing.thread.is_alive()


def test_what_the_ledger_needs_is_never_left_out(tmp_path):
    journal = Journal(tmp_path / "bridge.sqlite")
    writer = JournalWriter(journal, lambda done: None)
    writer.submit(OpenEpoch("top", 2**70, 1, 1))
    with pytest.raises(OverflowError):
        writer.run(Stop())
    journal.close()


def test_what_waits_at_the_end_is_still_written(tmp_path):
    writing = Writing(tmp_path / "bridge.sqlite")
    for epoch in range(1, 2001):
        writing.writer.submit(OpenEpoch("top", epoch, 1, 1))
    writing.end()
    assert len(writing.done) == 2000
