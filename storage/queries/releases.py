"""Which release a station ran, when its mode changed, what its bridge said."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from storage.models import ActivationRow, PhaseRow, ReleaseRow
from storage.queries.results import ModeChange, PhaseChange, ReleaseView

A, R, P = ActivationRow, ReleaseRow, PhaseRow


def releases(session: Session, station: str | None = None) -> list[ReleaseView]:
    """Every release of each station, last activated first."""
    last = (
        select(A.station, A.release_id, func.max(A.id).label("id"))
        .group_by(A.station, A.release_id)
        .subquery()
    )
    newer = aliased(A)
    newest = select(func.max(newer.id)).where(newer.station == R.station).scalar_subquery()
    wanted = (
        select(R, A, (A.id == newest).label("active"))
        .join(last, (last.c.station == R.station) & (last.c.release_id == R.release_id))
        .join(A, A.id == last.c.id)
        .order_by(A.id.desc())
    )
    if station is not None:
        wanted = wanted.where(R.station == station)
    return [_view(row, activation, active) for row, activation, active in session.execute(wanted)]


def mode_changes(
    session: Session, station: str | None = None, since_utc_ns: int = 0
) -> list[ModeChange]:
    """When a station's mode became another one, newest first."""
    before = func.lag(R.mode).over(partition_by=A.station, order_by=A.id)
    each = (
        select(A, before.label("before"), R.mode)
        .join(R, (R.station == A.station) & (R.release_id == A.release_id))
        .subquery()
    )
    changed = each.c.before.is_distinct_from(each.c.mode)
    wanted = select(each).where(changed, each.c.at_utc_ns >= since_utc_ns)
    if station is not None:
        wanted = wanted.where(each.c.station == station)
    rows = session.execute(wanted.order_by(each.c.id.desc()))
    return [
        ModeChange(
            row.station, row.at_utc_ns, row.before, row.mode, row.release_id, row.who, row.why
        )
        for row in rows
    ]


def phase_changes(
    session: Session, station: str | None = None, since_utc_ns: int = 0, limit: int = 200
) -> list[PhaseChange]:
    """When the bridge's state of a station became another one, newest first."""
    wanted = select(P).where(P.at_utc_ns >= since_utc_ns).order_by(P.id.desc()).limit(limit)
    if station is not None:
        wanted = wanted.where(P.station == station)
    return [
        PhaseChange(row.station, row.at_utc_ns, row.phase, row.reason)
        for row in session.scalars(wanted)
    ]


def _view(row: ReleaseRow, activation: ActivationRow, active: bool) -> ReleaseView:
    return ReleaseView(
        station=row.station,
        release_id=row.release_id,
        mode=row.mode,
        config=row.config,
        first_seen_at_utc_ns=row.first_seen_at_utc_ns,
        activated_at_utc_ns=activation.at_utc_ns,
        active=active,
        who=activation.who,
        why=activation.why,
    )
