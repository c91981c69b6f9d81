"""The line's stations in the bridge's journal: which there are, and how far their epochs are."""

from __future__ import annotations

import sqlite3

import structlog

from contracts.errors import MalformedMessage
from contracts.parsing import parse
from contracts.roster import Roster
from plc.core.numbering import LedgerCount, Numbering

log = structlog.get_logger()


def numbering_of(database: sqlite3.Connection, station: str) -> Numbering:
    """Return how far the station's newest epoch is."""
    row = database.execute(
        "SELECT epoch, plc_boot_id, first_seq, last_seq, passed, rejected, timeouts, missed"
        " FROM epochs WHERE station = ? ORDER BY epoch DESC LIMIT 1",
        (station,),
    ).fetchone()
    if row is None:
        return Numbering(station)
    epoch, plc_boot_id, first_seq, last_seq, *counts = row
    return Numbering(station, epoch, plc_boot_id, first_seq, last_seq, LedgerCount(*counts))


def known_stations(database: sqlite3.Connection) -> frozenset[str]:
    """Return every station that ever had a part here."""
    return frozenset(name for (name,) in database.execute("SELECT DISTINCT station FROM epochs"))


def keep_roster(database: sqlite3.Connection, roster: Roster) -> None:
    """The stations of the line from now on."""
    body = roster.model_dump_json()
    database.execute("INSERT OR REPLACE INTO roster (only_row, body) VALUES (1, ?)", (body,))


def kept_roster(database: sqlite3.Connection) -> Roster | None:
    """Return the newest roster; None before the first, and if this version cannot read it."""
    row = database.execute("SELECT body FROM roster").fetchone()
    try:
        return parse(Roster, row[0], "journal: roster") if row else None
    except MalformedMessage as error:
        log.warning("roster_not_understood", reason=error.reason)
        return None


def keep_boot_id(database: sqlite3.Connection, boot_id: int) -> None:
    """The newest boot id that a PLC may have seen."""
    database.execute("INSERT OR REPLACE INTO starts VALUES (1, ?)", (boot_id,))


def close_station(database: sqlite3.Connection, station: str) -> None:
    """The line has no such station any more. If it comes back, its PLC begins a new epoch."""
    database.execute("DELETE FROM releases WHERE station = ?", (station,))
    database.execute("DELETE FROM recipes WHERE station = ?", (station,))
    database.execute("UPDATE epochs SET plc_boot_id = 0 WHERE station = ?", (station,))
