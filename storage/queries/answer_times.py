"""How soon a station answers: from trigger to registers, in the last run of its part counter."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from contracts.causes import Cause, Decision
from storage.models import DispositionRow
from storage.queries.durations import IN_RATES, PRESENTED, STARTED, ms_between

D = DispositionRow
TOO_SLOW = (Cause.OVERLOAD, Cause.EXPIRED, Cause.UNACKNOWLEDGED)
"""Everything was up and it took too long. Other causes say nothing of how fast the line is."""


@dataclass(frozen=True)
class Answer:
    """One part; ``ms`` from its trigger to the registers, None where that was too late."""

    ms: float | None
    started_at_utc_ns: int


def last_answers(session: Session, station: str, limit: int = 1000) -> list[Answer]:
    """The newest parts of the station's newest epoch, newest first, challenge parts apart."""
    newest = select(func.max(D.epoch)).where(D.station == station).scalar_subquery()
    judged = and_(D.decision != Decision.NO_VERDICT, D.presented_at_utc_ns.is_not(None))
    wanted = (
        select(D.started_at_utc_ns, D.decision, ms_between(STARTED, PRESENTED).label("ms"))
        .where(D.station == station, D.epoch == newest, IN_RATES)
        .where(or_(judged, D.cause.in_(TOO_SLOW)))
        .order_by(D.trigger_seq.desc())
        .limit(limit)
    )
    return [
        Answer(None if row.decision is Decision.NO_VERDICT else row.ms, row.started_at_utc_ns)
        for row in session.execute(wanted)
    ]
