"""Which stations the line has now, as its newest roster says."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.models import RosterRow


def configured_stations(session: Session) -> frozenset[str] | None:
    """Return the names of the stations; None if the line never had a roster."""
    newest = select(RosterRow.stations).order_by(RosterRow.id.desc()).limit(1)
    stations = session.scalars(newest).one_or_none()
    return frozenset(stations) if stations is not None else None
