"""How fast a station answers, from trigger to registers, in its newest epoch."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from contracts.causes import Cause, Decision
from storage.models import DispositionRow
from storage.queries.durations import IN_RATES, PRESENTED, STARTED, ms_between

D = DispositionRow
TOO_SLOW = (Cause.OVERLOAD, Cause.EXPIRED, Cause.UNACKNOWLEDGED)
"""Causes of parts that took too long. Other causes say nothing about the speed of the line."""


@dataclass(frozen=True)
class Answer:
    """One part. ``ms``: from its trigger to the registers; None if it was too late."""

    ms: float | None
    started_at_utc_ns: int


def last_answers(session: Session, station: str, limit: int = 1000) -> list[Answer]:
    """Return the newest parts of the newest epoch, newest first, without challenge parts."""
    newest = select(func.max(D.epoch)).where(D.station == station).scalar_subquery()
    in_time = and_(D.decision != Decision.NO_VERDICT, D.presented_at_utc_ns.is_not(None))
    wanted = (
        select(D.started_at_utc_ns, D.decision, ms_between(STARTED, PRESENTED).label("ms"))
        .where(D.station == station, D.epoch == newest, IN_RATES)
        .where(or_(in_time, D.cause.in_(TOO_SLOW)))
        .order_by(D.trigger_seq.desc())
        .limit(limit)
    )
    return [
        Answer(None if row.decision is Decision.NO_VERDICT else row.ms, row.started_at_utc_ns)
        for row in session.execute(wanted)
    ]
