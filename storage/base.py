"""The base of every table: names of constraints, and how our types become columns."""

from __future__ import annotations

from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Enum,
    Integer,
    MetaData,
    String,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, mapped_column

from contracts.causes import Cause, Decision, Gate, Mode

Id = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
Station = Annotated[str, mapped_column(String(63))]
LongText = Annotated[str, mapped_column(Text)]
"""Any text of a message, of any length, as in the messages."""
Digest = Annotated[str, mapped_column(String(64))]


def _enum_of(kind: type) -> Enum:
    """Return a column type that stores an enumeration's values as text.

    A new member then needs no migration.
    """
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Name every constraint, so that migrations can refer to it on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as declared
        int: BigInteger,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        Cause: _enum_of(Cause),
        Decision: _enum_of(Decision),
        Gate: _enum_of(Gate),
        Mode: _enum_of(Mode),
    }
