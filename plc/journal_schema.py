"""Tables of the bridge's journal and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

SCHEMA = """
-- In the order in which stations took their units. The body goes with the release.
CREATE TABLE IF NOT EXISTS releases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    station TEXT NOT NULL UNIQUE, unit INTEGER NOT NULL, body TEXT
);
CREATE TABLE IF NOT EXISTS epochs (
    station TEXT NOT NULL, epoch INTEGER NOT NULL, plc_boot_id INTEGER NOT NULL,
    first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    stored_last_seq INTEGER NOT NULL DEFAULT -1,
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
-- One a part. Also the outbox: a row with stored < revision is still to be told.
CREATE TABLE IF NOT EXISTS dispositions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    station TEXT NOT NULL, epoch INTEGER NOT NULL, trigger_seq INTEGER NOT NULL,
    revision INTEGER NOT NULL, stored INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL,
    UNIQUE (station, epoch, trigger_seq)
);
CREATE INDEX IF NOT EXISTS untold ON dispositions (id) WHERE stored < revision;
"""


def open_database(path: Path) -> sqlite3.Connection:
    """A connection that has flushed to disk whatever it has committed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.2)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    return database


def create_tables(database: sqlite3.Connection) -> None:
    """What is missing of the tables."""
    database.executescript(SCHEMA)
