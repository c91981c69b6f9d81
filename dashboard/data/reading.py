"""Sessions to read with: one engine for the whole dashboard, and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from contracts.errors import Unavailable, UserError
from dashboard.settings import DashboardSettings
from runtime.process.settings import load
from storage.queries import open_sessions, tables_exist


class NoDatabase(Unavailable):
    """There is no database yet: storage creates it when it first starts."""


def settings() -> DashboardSettings:
    """Return the dashboard's settings.

    Raises:
        UserError: a setting is not valid.
    """
    return load(DashboardSettings)


@contextmanager
def reading() -> Iterator[Session]:
    """Open a session to read with.

    Raises:
        NoDatabase: the SQLite file or the tables do not exist yet.
        Unavailable: the database cannot be reached right now.
        UserError: the URL is not valid.
    """
    url = settings().run_folder.database_url
    if not _exists(url):
        raise NoDatabase("the database", "it does not exist yet")
    try:
        with _sessions(url)() as session:
            yield session
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        kind = Unavailable if _has_tables(url) else NoDatabase
        raise kind("the database", reason) from error


def _has_tables(url: str) -> bool:
    """Return False only if the database answers and a table is missing."""
    try:
        with _sessions(url)() as session:
            return tables_exist(session)
    except DBAPIError:
        return True


def _exists(url: str) -> bool:
    """Return False if the SQLite file is missing: opening it would create an empty one."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UserError(f"REFEREE_DATABASE_URL is not valid: {error}") from error
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()


@st.cache_resource
def _sessions(url: str) -> sessionmaker[Session]:
    return open_sessions(url)
