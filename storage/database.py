"""The engine: SQLite that survives a power cut, or PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from contracts.errors import BadSettings, LinkDown

SQLITE_BUSY_TIMEOUT_S = 5.0
MIGRATIONS = Path(__file__).parent / "migrations"


def open_engine(url: str) -> Engine:
    """An engine with a commit that is on disk when it returns.

    Raises:
        BadSettings: the URL is none, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": 5})
        engine = create_engine(parsed, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S})
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise BadSettings(f"REFEREE_DATABASE_URL {url!r}: {error}") from error
    event.listen(engine, "connect", _make_durable)
    return engine


def open_sessions(url: str) -> sessionmaker[Session]:
    """Sessions on the database at ``url``; nothing is expired at commit."""
    return sessionmaker(open_engine(url), expire_on_commit=False)


def upgrade(url: str) -> None:
    """Bring the tables at ``url`` to the newest migration; does nothing where they are."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with translate_errors(), open_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Locked, full, gone: ``LinkDown``, to be tried again."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise LinkDown("the database", str(error.orig)) from error


def _make_durable(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
