"""Inserts that keep the first row of an identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Executable, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.base import Base
from storage.database import not_supported


def insert_or_nothing(
    session: Session, table: type[Base], values: Mapping[str, Any]
) -> tuple[Any, ...] | None:
    """Insert a row and return its primary key; None if a row of the same identity exists."""
    statement = _statement(session.get_bind().dialect.name, _table(table))
    row = session.execute(statement, values).one_or_none()
    return tuple(row) if row is not None else None


def insert_all(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that cannot exist yet."""
    session.execute(insert(_table(table)), rows)


def _table(of: type[Base]) -> Table:
    return Base.metadata.tables[of.__tablename__]


@cache
def _statement(dialect: str, table: Table) -> Executable:
    """Build the statement once: building it for each row takes longer than the database does."""
    key = table.primary_key
    match dialect:
        case "sqlite":
            return sqlite.insert(table).on_conflict_do_nothing().returning(*key)
        case "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing().returning(*key)
        case other:
            raise not_supported(other)
