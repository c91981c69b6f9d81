"""Which parts each epoch covers. The bridge publishes these ranges until storage has all of them.

A range covers committed parts only: after a crash nobody could dispose of a part that only memory
knew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from contracts.identity import PartKey
from contracts.messages import SequenceRange, StoredItem
from plc.core.effects import JournalOp, MarkStored, OpenEpoch

PUBLISHED_AT_ONCE = 100
"""Older epochs of one station in one message; the others follow as storage confirms these."""


@dataclass
class EpochRange:
    """One epoch of a station: what is committed of it, and up to where storage knows."""

    station: str
    epoch: int
    first_seq: int
    last_seq: int
    after_jump: bool = False
    stored_last_seq: int = -1

    @property
    def is_stored(self) -> bool:
        """Whether storage knows all of it; an epoch without a part has nothing to be known."""
        return self.last_seq < self.first_seq or self.stored_last_seq >= self.last_seq

    def as_message(self) -> SequenceRange:
        """Return the range as the process state carries it."""
        return SequenceRange(
            epoch=self.epoch,
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            after_jump=bool(self.after_jump),
        )


class Ranges:
    """The newest epoch of each station, and the older ones that storage has not all of."""

    def __init__(self, journaled: Iterable[EpochRange], stations: Collection[str]) -> None:
        """``stations``: those of the line; the others have left it."""
        self._epochs: dict[str, dict[int, EpochRange]] = {}
        for each in journaled:
            self._epochs.setdefault(each.station, {})[each.epoch] = each
        self._left = self._epochs.keys() - set(stations)

    def committed(self, op: JournalOp) -> None:
        """The journal has this durably."""
        if op.reached is not None:
            self._widen(op.reached)
        elif isinstance(op, OpenEpoch):
            first_seq = op.first_seq
            begun = EpochRange(op.station, op.epoch, first_seq, first_seq - 1, op.after_jump)
            self._epochs.setdefault(op.station, {})[op.epoch] = begun
        elif isinstance(op, MarkStored):
            self._stored(op.items)

    def leave(self, station: str) -> None:
        """The line has no such station any more: forget it once storage has all of it."""
        self._left.add(station)

    def join(self, station: str, journaled: Iterable[EpochRange]) -> None:
        """The line has a station that may have been there before."""
        self._left.discard(station)
        for each in journaled:
            self._epochs.setdefault(station, {})[each.epoch] = each

    def published(self) -> dict[str, tuple[SequenceRange, ...]]:
        """Return by station the older epochs that storage has not all of, then the newest."""
        self._forget_left()
        found = {station: self._of(epochs) for station, epochs in self._epochs.items()}
        return {station: ranges for station, ranges in found.items() if ranges}

    def _forget_left(self) -> None:
        for station in list(self._left):
            if all(each.is_stored for each in self._epochs.get(station, {}).values()):
                self._epochs.pop(station, None)
                self._left.discard(station)

    def _of(self, epochs: dict[int, EpochRange]) -> tuple[SequenceRange, ...]:
        newest = max(epochs)
        for epoch in [e for e, each in epochs.items() if e != newest and each.is_stored]:
            del epochs[epoch]
        older = sorted(epochs)[:-1][:PUBLISHED_AT_ONCE]
        known = [epochs[epoch] for epoch in (*older, newest)]
        return tuple(each.as_message() for each in known if each.last_seq >= each.first_seq)

    def _widen(self, key: PartKey) -> None:
        reached = self._epochs[key.station][key.epoch]
        reached.last_seq = max(reached.last_seq, key.trigger_seq)

    def _stored(self, items: Iterable[StoredItem]) -> None:
        for item in items:
            known = self._epochs.get(item.part.station, {}).get(item.part.epoch)
            if item.kind == "sequence" and known is not None:
                known.stored_last_seq = max(known.stored_last_seq, item.part.trigger_seq)


def read_ranges(database: sqlite3.Connection, stations: Sequence[str]) -> list[EpochRange]:
    """Return every epoch that storage has not all of, and the newest of each of these stations."""
    rows = database.execute(
        "SELECT station, epoch, first_seq, last_seq, after_jump, stored_last_seq"
        " FROM epochs AS this"
        " WHERE last_seq >= first_seq AND stored_last_seq < last_seq"
        " OR epoch = (SELECT max(epoch) FROM epochs WHERE station = this.station)"
    )
    found = [EpochRange(*row) for row in rows]
    return [each for each in found if each.station in stations or not each.is_stored]


def ranges_of(database: sqlite3.Connection, station: str) -> list[EpochRange]:
    """Return the epochs of one station that storage has not all of, and its newest."""
    return [each for each in read_ranges(database, (station,)) if each.station == station]


def mark_stored(database: sqlite3.Connection, items: Iterable[StoredItem]) -> None:
    """Write down that storage has these epochs up to these parts."""
    database.executemany(
        "UPDATE epochs SET stored_last_seq = max(stored_last_seq, ?)"
        " WHERE station = ? AND epoch = ?",
        [
            (item.part.trigger_seq, item.part.station, item.part.epoch)
            for item in items
            if item.kind == "sequence"
        ],
    )
