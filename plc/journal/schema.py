"""Tables of the bridge's journal and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from contracts.errors import FatalError

VERSION = 2
SCHEMA = """
-- In the order in which stations took their units. The body goes with the release.
CREATE TABLE IF NOT EXISTS releases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    station TEXT NOT NULL UNIQUE, unit INTEGER NOT NULL, body TEXT
);
CREATE TABLE IF NOT EXISTS recipes (
    station TEXT NOT NULL PRIMARY KEY, recipe INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS epochs (
    station TEXT NOT NULL, epoch INTEGER NOT NULL, plc_boot_id INTEGER NOT NULL,
    first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    after_jump INTEGER NOT NULL, stored_last_seq INTEGER NOT NULL DEFAULT -1,
    passed INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0,
    timeouts INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (station, epoch)
) WITHOUT ROWID;
-- Parts that are open: announced, and not yet disposed of.
CREATE TABLE IF NOT EXISTS triggers (
    station TEXT NOT NULL, epoch INTEGER NOT NULL, trigger_seq INTEGER NOT NULL,
    mode TEXT NOT NULL, release_id TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (station, epoch, trigger_seq)
) WITHOUT ROWID;
-- What the registers were about to show of an open part. The first one stands.
CREATE TABLE IF NOT EXISTS intents (
    station TEXT NOT NULL, epoch INTEGER NOT NULL, trigger_seq INTEGER NOT NULL,
    decision TEXT NOT NULL, cause TEXT, verdict_id TEXT, release_id TEXT NOT NULL,
    PRIMARY KEY (station, epoch, trigger_seq)
) WITHOUT ROWID;
-- Verdicts that came too late for a part that is open: its disposition will name them.
CREATE TABLE IF NOT EXISTS late_verdicts (
    station TEXT NOT NULL, epoch INTEGER NOT NULL, trigger_seq INTEGER NOT NULL,
    verdict_id TEXT NOT NULL, decision TEXT NOT NULL,
    PRIMARY KEY (station, epoch, trigger_seq)
) WITHOUT ROWID;
-- One a part. Also the outbox: a row with stored < revision is still to be published.
CREATE TABLE IF NOT EXISTS dispositions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    station TEXT NOT NULL, epoch INTEGER NOT NULL, trigger_seq INTEGER NOT NULL,
    revision INTEGER NOT NULL, stored INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL,
    UNIQUE (station, epoch, trigger_seq)
);
-- One row: the boot id of the last start. A journal that has none yet gets it at its next start.
CREATE TABLE IF NOT EXISTS starts (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), boot_id INTEGER NOT NULL
);
-- One row: the stations of the line, as the newest roster says. None before the first.
CREATE TABLE IF NOT EXISTS roster (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS untold ON dispositions (id) WHERE stored < revision;
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open a connection whose commits are on disk when they return."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.2)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    return database


def create_tables(database: sqlite3.Connection, path: Path) -> None:
    """Create the tables of a new journal. Raises FatalError for a journal of another version."""
    ((version,),) = database.execute("PRAGMA user_version")
    is_new = not database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    if not is_new and version != VERSION:
        raise FatalError(
            f"{path}: the journal has version {version}, this bridge needs {VERSION}; "
            "start the bridge that wrote it, or move the file away and start with an empty journal"
        )
    database.executescript(f"{SCHEMA}PRAGMA user_version = {VERSION};")
