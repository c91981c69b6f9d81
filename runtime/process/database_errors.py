"""What a database's error means: locked, disk full, or away."""

from __future__ import annotations

import errno
import sqlite3

SQLSTATES = {"53100": "disk_full", "55P03": "database_locked"}
"""PostgreSQL's codes: disk_full, lock_not_available."""
SQLITE_CODES = {
    sqlite3.SQLITE_BUSY: "database_locked",
    sqlite3.SQLITE_LOCKED: "database_locked",
    sqlite3.SQLITE_FULL: "disk_full",
}
PRIMARY = 0xFF
"""The lowest byte of SQLite's code says what it is, the rest why."""


def database_condition(error: BaseException | None) -> str:
    """Return the code of the condition that a driver's error means."""
    sqlite_code = getattr(error, "sqlite_errorcode", None)
    if sqlite_code is not None:
        return SQLITE_CODES.get(sqlite_code & PRIMARY, "database_away")
    return SQLSTATES.get(str(getattr(error, "sqlstate", "")), "database_away")


def disk_condition(error: OSError) -> str:
    """Return the code of the condition if a file of the archive cannot be written."""
    return "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "archive_stopped"
