"""The index of the archive: which pictures exist, and which are evicted first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Decision
from contracts.identity import PartKey
from storage.columns import part_columns
from storage.database import translate_errors
from storage.insert import insert_or_nothing
from storage.models import DispositionRow, PictureRow, VerdictRow

D, P, V = DispositionRow, PictureRow, VerdictRow
IDS_A_STATEMENT = 500


class Retention(IntEnum):
    """Eviction order, lowest first. A part without a verdict is kept like a reject."""

    PASS = 0
    NEAR_MISS = 1
    REJECT = 2


class Picture(NamedTuple):
    """One row of the index."""

    part: PartKey
    path: str
    size_bytes: int
    sha256: str
    source: str
    release_id: str
    captured_at_utc_ns: int


class Evictable(NamedTuple):
    """A picture that may be evicted."""

    id: int
    path: str
    size_bytes: int
    keep: Retention


class PictureIndex:
    """The rows of ``pictures``. Every method raises Unavailable if the database cannot be reached.

    Pictures are joined to verdicts by the part's identity when they are read: a picture is written
    before its verdict exists.
    """

    def __init__(self, readers: sessionmaker[Session], writers: sessionmaker[Session]) -> None:
        self._readers = readers
        self._writers = writers

    def add(self, pictures: Sequence[Picture]) -> None:
        """Add rows. The first picture of a part stands."""
        with translate_errors(), self._writers.begin() as session:
            for picture in pictures:
                columns = picture._asdict()
                insert_or_nothing(session, P, part_columns(columns.pop("part")) | columns)

    def known(self, parts: Iterable[PartKey]) -> set[PartKey]:
        """Return those of the parts that have a row, evicted or not."""
        with translate_errors(), self._readers() as session:
            return {part for part in parts if session.scalar(select(P.id).where(_is(part)))}

    def kept(self) -> dict[str, PictureRow]:
        """Return the pictures that are not evicted, by path."""
        with translate_errors(), self._readers() as session:
            rows = session.scalars(select(P).where(P.evicted_at_utc_ns.is_(None)))
            return {row.path: row for row in rows}

    def kept_bytes(self) -> int:
        """Return the total size of the pictures that are not evicted."""
        there = select(func.coalesce(func.sum(P.size_bytes), 0))
        with translate_errors(), self._readers() as session:
            return int(session.scalar(there.where(P.evicted_at_utc_ns.is_(None))) or 0)

    def mark_evicted(self, ids: Sequence[int], now_utc_ns: int) -> None:
        """Mark rows as evicted: their files are gone."""
        with translate_errors(), self._writers.begin() as session:
            for first in range(0, len(ids), IDS_A_STATEMENT):
                some = P.id.in_(ids[first : first + IDS_A_STATEMENT])
                session.execute(update(P).where(some).values(evicted_at_utc_ns=now_utc_ns))

    def evictable(self, near_miss_logit: float, at_most: Retention, limit: int) -> list[Evictable]:
        """Return what to evict next: passes, near misses, then the rest; oldest first in each.

        Args:
            near_miss_logit: a pass with a presence logit above minus this is a near miss.
            at_most: the highest class that may be evicted.
            limit: largest number of pictures.
        """
        keep = _keep(near_miss_logit)
        wanted = (
            select(P.id, P.path, P.size_bytes, keep)
            .outerjoin(V, _same_part(V))
            .outerjoin(D, _same_part(D))
            .where(P.evicted_at_utc_ns.is_(None), keep <= int(at_most))
            .order_by(keep, P.captured_at_utc_ns, P.id)
            .limit(limit)
        )
        with translate_errors(), self._readers() as session:
            return [
                Evictable(row_id, path, size_bytes, Retention(kept))
                for row_id, path, size_bytes, kept in session.execute(wanted)
            ]


def _keep(near_miss_logit: float) -> ColumnElement[int]:
    """Return the class of a picture. A pass is one in the verdict and on the registers.

    It is a near miss if a prompt's presence logit came close to 0 or above.
    """
    passed = and_(
        V.decision == Decision.PASS, func.coalesce(D.decision, Decision.PASS) == Decision.PASS
    )
    near = or_(V.peak_presence_logit.is_(None), V.peak_presence_logit > -near_miss_logit)
    return case(
        (and_(passed, near), int(Retention.NEAR_MISS)),
        (passed, int(Retention.PASS)),
        else_=int(Retention.REJECT),
    )


def _same_part(table: type[VerdictRow] | type[DispositionRow]) -> ColumnElement[bool]:
    return and_(
        table.station == P.station,
        table.epoch == P.epoch,
        table.trigger_seq == P.trigger_seq,
    )


def _is(part: PartKey) -> ColumnElement[bool]:
    return and_(P.station == part.station, P.epoch == part.epoch, P.trigger_seq == part.trigger_seq)
