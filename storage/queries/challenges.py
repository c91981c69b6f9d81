"""How each station's last challenge went."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from contracts.causes import Cause, Decision
from storage.models import DispositionRow, SequenceRow
from storage.queries.durations import IN_RATES
from storage.queries.lineage import lineage
from storage.queries.quality import parts_with
from storage.queries.results import Challenge

D = DispositionRow
Place = tuple[int, int]
Condition = ColumnElement[bool] | InstrumentedAttribute[bool]
NEWEST_FIRST = (D.epoch.desc(), D.trigger_seq.desc())


def last_challenges(session: Session) -> dict[str, Challenge]:
    """Return the last challenge of each station that had one.

    A challenge is a run of challenge parts with no other announced part between them.
    """
    known = lineage(session)
    stations = set(session.scalars(select(SequenceRow.station).distinct())) - known.former
    found = {name: _last(session, name, known.holds(D, [name])) for name in sorted(stations)}
    return {station: challenge for station, challenge in found.items() if challenge}


def _last(session: Session, station: str, of_station: Condition) -> Challenge | None:
    last = _newest(session, of_station, D.challenge)
    if last is None:
        return None
    place = tuple_(D.epoch, D.trigger_seq)
    announced = D.cause.is_distinct_from(Cause.MISSED_TRIGGER)
    before = _newest(session, of_station, IN_RATES, announced, place < tuple_(*last)) or (-1, -1)
    wanted = select(
        func.min(D.started_at_utc_ns),
        parts_with(Decision.PASS),
        parts_with(Decision.REJECT),
        parts_with(Decision.NO_VERDICT),
    ).where(of_station, D.challenge, place > tuple_(*before))
    return Challenge(station, *session.execute(wanted).one())


def _newest(session: Session, *of: Condition) -> Place | None:
    wanted = select(D.epoch, D.trigger_seq).where(*of)
    row = session.execute(wanted.order_by(*NEWEST_FIRST).limit(1)).one_or_none()
    return (row.epoch, row.trigger_seq) if row else None
