"""What every table is made of: names of constraints, and how our types become columns."""

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
Words = Annotated[str, mapped_column(Text)]
"""Any text of a message: the contracts set no length, so neither do the columns."""
Digest = Annotated[str, mapped_column(String(64))]


def _words_of(kind: type) -> Enum:
    """An enumeration as the words that are on the wire, so that new ones need no migration."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can speak of them on any database."""

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
        Cause: _words_of(Cause),
        Decision: _words_of(Decision),
        Gate: _words_of(Gate),
        Mode: _words_of(Mode),
    }
