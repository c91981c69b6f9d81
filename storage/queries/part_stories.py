"""Single parts: the last rejects, and everything about one part."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from contracts.causes import Decision
from contracts.identity import PartKey
from storage.models import DispositionRow, PictureRow, ReleaseRow, VerdictRow
from storage.queries.durations import part_times, times_of_parts
from storage.queries.lineage import lineage
from storage.queries.results import PartStory, PartTimes
from storage.queries.row_views import disposition_view, picture_view, verdict_view

D, V, P = DispositionRow, VerdictRow, PictureRow
LARGEST_INTEGER = 2**63  # of a column
MOST_DIGITS = 20  # more are no number of ours, and Python refuses thousands of them
Row = TypeVar("Row", DispositionRow, VerdictRow, PictureRow)


def last_rejects(
    session: Session,
    station: str | None = None,
    limit: int = 12,
    stations: Collection[str] | None = None,
) -> list[PartStory]:
    """Return the parts that became rejects in the ledger last, newest first.

    The order is that in which they were stored, not that of their times: a clock can be set back.

    Args:
        stations: only of these, also under their names before; None for all.
    """
    wanted = (
        select(D.station, D.epoch, D.trigger_seq)
        .where(D.decision == Decision.REJECT)
        .order_by(D.id.desc())
        .limit(limit)
    )
    known = lineage(session)
    if station is not None:
        wanted = wanted.where(known.holds(D, [station]))
    if stations is not None:
        wanted = wanted.where(known.holds(D, stations))
    return [_story(session, _key(row)) for row in session.execute(wanted).all()]


def part_story(session: Session, wanted: str, limit: int = 20) -> list[PartStory]:
    """Return everything about the parts that ``wanted`` may mean, newest first.

    Args:
        wanted: ``station/epoch/sequence``, a verdict id, or the PLC's part id, which several parts
            can have.
    """
    stories = [_story(session, part) for part in _meant(session, wanted, limit)]
    known = [one for one in stories if one.verdict or one.disposition or one.picture]
    return sorted(known, key=_started_at_utc_ns, reverse=True)[:limit]


def _meant(session: Session, wanted: str, limit: int) -> list[PartKey]:
    found = dict.fromkeys(_identity(wanted))  # a dict keeps the order
    for table in (D, V):
        named = table.verdict_id == wanted
        if wanted.isdecimal() and len(wanted) < MOST_DIGITS and int(wanted) < LARGEST_INTEGER:
            named = or_(named, table.part_id == int(wanted))
        rows = select(table.station, table.epoch, table.trigger_seq).where(named)
        newest = session.execute(rows.order_by(table.id.desc()).limit(limit))
        found.update((_key(row), None) for row in newest)
    return list(found)


def _identity(wanted: str) -> list[PartKey]:
    try:
        part = PartKey.from_text(wanted)
    except ValueError:  # then it is a verdict id, or a part id
        return []
    return [part] if max(part.epoch, part.trigger_seq) < LARGEST_INTEGER else []


def _story(session: Session, part: PartKey) -> PartStory:
    verdict, disposition = _one(session, V, part), _one(session, D, part)
    picture = _one(session, P, part)
    known = disposition or verdict
    release_id = (verdict.release_id if verdict else "") or (
        disposition.release_id if disposition else ""
    )
    release = session.get(ReleaseRow, (part.station, release_id))
    return PartStory(
        part=part,
        part_id=known.part_id if known else None,
        verdict=verdict_view(verdict) if verdict else None,
        disposition=disposition_view(disposition) if disposition else None,
        picture=picture_view(picture) if picture else None,
        release_config=release.config if release else None,
        times=_times(session, part),
    )


def _one(session: Session, table: type[Row], part: PartKey) -> Row | None:
    return session.scalars(select(table).where(_is(table, part))).one_or_none()


def _times(session: Session, part: PartKey) -> PartTimes | None:
    row = session.execute(times_of_parts().where(_is(D, part))).one_or_none()
    return part_times(row) if row else None


def _is(
    table: type[DispositionRow] | type[VerdictRow] | type[PictureRow], part: PartKey
) -> ColumnElement[bool]:
    return and_(
        table.station == part.station,
        table.epoch == part.epoch,
        table.trigger_seq == part.trigger_seq,
    )


def _key(row: Any) -> PartKey:
    return PartKey(station=row.station, epoch=row.epoch, trigger_seq=row.trigger_seq)


def _started_at_utc_ns(story: PartStory) -> int:
    if story.disposition:
        return story.disposition.started_at_utc_ns
    if story.verdict:
        return story.verdict.started_at_utc_ns
    return story.picture.captured_at_utc_ns if story.picture else 0
