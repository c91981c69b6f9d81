"""Insert or nothing: the first row of an identity stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.base import Base


def insert_or_nothing(
    session: Session, table: type[Base], values: Mapping[str, Any]
) -> tuple[Any, ...] | None:
    """Insert a row; its primary key, or None where one of the same identity is there already."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = (
        dialect.insert(table)
        .values(**values)
        .on_conflict_do_nothing()
        .returning(*inspect(table).primary_key)
    )
    row = session.execute(statement).one_or_none()
    return tuple(row) if row is not None else None
