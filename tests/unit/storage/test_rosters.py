"""Which stations the line has: the newest roster, and each change of it is kept."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from contracts.roster import Roster, RosterStation
from storage.models import RosterRow
from storage.queries import configured_stations
from storage.roster_store import newest_roster, record_roster


def roster(*stations: str) -> Roster:
    return Roster(stations=dict.fromkeys(stations, RosterStation()))


def test_each_change_is_kept_and_the_newest_is_in_force(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        assert configured_stations(session) is None
        assert newest_roster(session) is None
        told = [roster("a"), roster("a"), roster("a", "b"), roster("a")]
        new = [record_roster(session, each, at) for at, each in enumerate(told)]
        assert new == [True, False, True, True]
        assert configured_stations(session) == {"a"}
        assert newest_roster(session) == roster("a")
        assert session.scalars(select(RosterRow.at_utc_ns)).all() == [0, 2, 3]


def test_a_roster_that_this_version_cannot_read_is_none(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        later = RosterRow(roster_id="x", stations={"a": {"colour": "red"}}, at_utc_ns=1)
        session.add(later)
        session.flush()
        assert newest_roster(session) is None
        assert configured_stations(session) == {"a"}
