"""The release store: every configuration a station ever ran, and which one is in force."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.release import Release, StationConfig
from storage.insert import insert_or_nothing
from storage.models import ActivationRow, ReleaseRow

CLEARED = ""
"""Release id of an activation that took a station's configuration away."""


def record_release(session: Session, release: Release, now_utc_ns: int) -> bool:
    """Append a release that became the active one. False where it is already in force."""
    columns = {
        "station": release.station,
        "release_id": release.release_id,
        "mode": release.config.mode,
        "config": release.config.model_dump(mode="json"),
        "first_seen_at_utc_ns": now_utc_ns,
    }
    insert_or_nothing(session, ReleaseRow, columns)
    return _activate(session, release.station, release.release_id, now_utc_ns)


def record_cleared(session: Session, station: str, now_utc_ns: int) -> bool:
    """Append that a station has no release any more. False where it has none."""
    if _newest(session, station) is None:
        return False
    return _activate(session, station, CLEARED, now_utc_ns)


def active_release(session: Session, station: str) -> Release | None:
    """The release that was last in force; None before the first and after it was cleared."""
    release_id = _newest(session, station)
    row = session.get(ReleaseRow, (station, release_id)) if release_id else None
    return Release.of(station, StationConfig.model_validate(row.config)) if row else None


def _activate(session: Session, station: str, release_id: str, now_utc_ns: int) -> bool:
    if _newest(session, station) == release_id:
        return False
    session.add(ActivationRow(station=station, release_id=release_id, at_utc_ns=now_utc_ns))
    session.flush()
    return True


def _newest(session: Session, station: str) -> str | None:
    of = ActivationRow
    wanted = select(of.release_id).where(of.station == station).order_by(of.id.desc()).limit(1)
    return session.scalars(wanted).one_or_none()
