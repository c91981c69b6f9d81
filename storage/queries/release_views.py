"""Which releases a station ran, and which one is in force."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from storage.models import ActivationRow, ReleaseRow
from storage.queries.results import ReleaseView

A, R = ActivationRow, ReleaseRow


def releases(session: Session, station: str | None = None) -> list[ReleaseView]:
    """Return every release of each station, the last activated first."""
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


def _view(row: ReleaseRow, activation: ActivationRow, active: bool) -> ReleaseView:
    return ReleaseView(
        station=row.station,
        release_id=row.release_id,
        mode=row.mode,
        config=row.config,
        activated_at_utc_ns=activation.at_utc_ns,
        active=active,
        who=activation.who,
        why=activation.why,
        word_warnings=activation.word_warnings or {},
    )
