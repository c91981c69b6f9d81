"""The roster store: which stations the line had, and which it has now."""

from __future__ import annotations

import structlog
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.roster import Roster
from storage.models import RosterRow

log = structlog.get_logger()


def record_roster(session: Session, roster: Roster, now_utc_ns: int) -> bool:
    """Append a roster. Return False if it is the newest one already."""
    newest = _newest(session)
    if newest is not None and newest.roster_id == roster.roster_id:
        return False
    row = RosterRow(
        roster_id=roster.roster_id,
        stations=roster.model_dump(mode="json")["stations"],
        at_utc_ns=now_utc_ns,
    )
    session.add(row)
    session.flush()
    return True


def newest_roster(session: Session) -> Roster | None:
    """Return the roster in force; None before the first one.

    Also None if this version cannot read it: a person has to apply the line file again.
    """
    newest = _newest(session)
    if newest is None:
        return None
    try:
        return Roster.model_validate({"stations": newest.stations})
    except ValidationError as error:
        log.warning("roster_not_understood", roster_id=newest.roster_id, reason=str(error))
        return None


def _newest(session: Session) -> RosterRow | None:
    return session.scalars(select(RosterRow).order_by(RosterRow.id.desc()).limit(1)).one_or_none()
