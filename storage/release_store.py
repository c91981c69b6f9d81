"""The release store: every configuration that a station ever ran, and the one in force."""

from __future__ import annotations

from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.release import Activation, Release
from storage.insert import insert_or_nothing
from storage.models import ActivationRow, ReleaseRow

log = structlog.get_logger()

CLEARED = ""
"""Release id of an activation that removed a station's configuration."""


def record_release(session: Session, activation: Activation, now_utc_ns: int) -> bool:
    """Append a release that was put in force.

    Return False if it is in force already, with the same person and reason.
    """
    for release in (
        activation,
        *activation.recipes(),
    ):  # verdicts name the releases of recipes, too
        insert_or_nothing(session, ReleaseRow, _columns(release, now_utc_ns))
    row = ActivationRow(
        station=activation.station,
        release_id=activation.release_id,
        at_utc_ns=now_utc_ns,
        who=activation.who,
        why=activation.why,
        word_warnings=activation.model_dump(mode="json")["word_warnings"],
    )
    return _activate(session, row)


def record_cleared(session: Session, station: str, now_utc_ns: int) -> bool:
    """Append that a station has no release any more. Return False if it has none already."""
    if _newest(session, station) is None:
        return False
    row = ActivationRow(station=station, release_id=CLEARED, at_utc_ns=now_utc_ns, who="", why="")
    return _activate(session, row)


def active_release(session: Session, station: str) -> Activation | None:
    """Return the release in force; None before the first one and after it was cleared.

    Also None if this version cannot read it: a person has to apply it again.
    """
    newest = _newest(session, station)
    row = session.get(ReleaseRow, (station, newest.release_id)) if newest else None
    if newest is None or row is None:
        return None
    try:
        release = Release.model_validate(
            {"station": station, "release_id": row.release_id, "config": row.config}
        )
        return Activation.by(newest.who, newest.why, release, newest.word_warnings)
    except ValidationError as error:
        log.warning("release_not_understood", station=station, reason=str(error))
        return None


def _columns(release: Release, now_utc_ns: int) -> dict[str, Any]:
    return {
        "station": release.station,
        "release_id": release.release_id,
        "mode": release.config.mode,
        "config": release.document,
        "first_seen_at_utc_ns": now_utc_ns,
    }


def _activate(session: Session, row: ActivationRow) -> bool:
    newest = _newest(session, row.station)
    if newest is not None and _content(newest) == _content(row):
        return False
    session.add(row)
    session.flush()
    return True


def _content(row: ActivationRow) -> tuple[object, ...]:
    return row.release_id, row.who, row.why, row.word_warnings or {}


def _newest(session: Session, station: str) -> ActivationRow | None:
    of = ActivationRow
    wanted = select(of).where(of.station == station).order_by(of.id.desc()).limit(1)
    return session.scalars(wanted).one_or_none()
