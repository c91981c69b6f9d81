"""How much of each epoch the bridge's journal has, and how much of that storage has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from contracts.messages import StoredItem
from plc.journal.ranges import EpochRange


def ranges(database: sqlite3.Connection, stations: Sequence[str]) -> list[EpochRange]:
    """Epochs of these stations that storage has not all of, and the newest one of each."""
    rows = database.execute(
        "SELECT station, epoch, first_seq, last_seq, after_jump, stored_last_seq"
        " FROM epochs AS this"
        " WHERE last_seq >= first_seq AND stored_last_seq < last_seq"
        " OR epoch = (SELECT max(epoch) FROM epochs WHERE station = this.station)"
    )
    return [EpochRange(*row) for row in rows if row[0] in stations]


def mark_stored(database: sqlite3.Connection, items: Iterable[StoredItem]) -> None:
    """Storage has these epochs up to these parts."""
    database.executemany(
        "UPDATE epochs SET stored_last_seq = max(stored_last_seq, ?)"
        " WHERE station = ? AND epoch = ?",
        [
            (item.part.trigger_seq, item.part.station, item.part.epoch)
            for item in items
            if item.kind == "sequence"
        ],
    )
