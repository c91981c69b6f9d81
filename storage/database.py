"""The engine: SQLite that survives a power cut, or PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.orm import Session, sessionmaker

from contracts.errors import MalformedMessage, Unavailable, UserError
from runtime.process.database_errors import database_condition

SQLITE_BUSY_TIMEOUT_S = 1.0
"""A write that waited so long for another program's lock is tried again, and people hear of it."""
POSTGRESQL_CONNECT_TIMEOUT_S = 2
POSTGRESQL_LOCK_TIMEOUT_MS = 1000
MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x5EF1  # any number, the same in every process that migrates


def open_engine(url: str, *, writes: bool = False) -> Engine:
    """Return an engine whose commits are on disk when they return. It connects at the first use.

    Args:
        writes: SQLite transactions take the write lock when they begin, so that two writers wait
            for each other instead of failing in the middle.

    Raises:
        UserError: the URL is not valid, names another kind of database, or its driver is not
            installed.
    """
    try:
        parsed = make_url(url)
        match parsed.get_backend_name():
            case "sqlite":
                return _sqlite(parsed, "BEGIN IMMEDIATE" if writes else "BEGIN")
            case "postgresql":
                return _postgresql(parsed)
            case other:
                raise not_supported(other)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise UserError(f"REFEREE_DATABASE_URL is not valid: {error}") from error


def not_supported(dialect: str) -> UserError:
    """Return the error for a database other than SQLite and PostgreSQL."""
    return UserError(
        f"REFEREE_DATABASE_URL is not valid: Referee stores in SQLite or PostgreSQL, not {dialect}"
    )


def open_sessions(url: str, *, writes: bool = False) -> sessionmaker[Session]:
    """Return sessions on the database at ``url``. Objects stay readable after a session ends."""
    return sessionmaker(open_engine(url, writes=writes), expire_on_commit=False)


def upgrade(url: str) -> None:
    """Bring the tables at ``url`` to the newest migration. Does nothing if they are.

    Several processes may call it at the same time: one of them does the work.

    Raises:
        Unavailable: the database cannot be reached.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = open_engine(url, writes=True)
    try:
        with translate_errors(), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise ``Unavailable`` if the database is locked, full or gone: nothing was committed."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        reason = str(error.orig).strip()
        raise Unavailable("the database", reason, database_condition(error.orig)) from error


@contextmanager
def translate_refusals(source: str) -> Iterator[None]:
    """Raise ``MalformedMessage`` if the database can never store a value.

    Examples are a number of more than 64 bits and a text with a NUL.
    """
    try:
        yield
    except (DataError, IntegrityError) as error:
        raise MalformedMessage(source, f"the database cannot store it: {error.orig}") from error
    except OverflowError as error:  # raised by SQLite's driver
        raise MalformedMessage(source, f"the database cannot store it: {error}") from error


def _sqlite(url: URL, begin: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S})

    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late for savepoints
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


def _postgresql(url: URL) -> Engine:
    options = {
        "connect_timeout": POSTGRESQL_CONNECT_TIMEOUT_S,
        "options": f"-c lock_timeout={POSTGRESQL_LOCK_TIMEOUT_MS}",
    }
    return create_engine(url, pool_pre_ping=True, connect_args=options)
