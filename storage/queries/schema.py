"""Whether storage has made its tables yet."""

from __future__ import annotations

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from storage.models import Base


def tables_exist(session: Session) -> bool:
    """Return whether every table is there; False before storage has started for the first time."""
    existing = set(inspect(session.connection()).get_table_names())
    return existing.issuperset(Base.metadata.tables)
