"""Only stations that the line has are shown; a clock that was set back freezes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from contracts.causes import Decision, Mode
from contracts.roster import Roster, RosterStation
from storage.database import open_engine, upgrade
from storage.roster_store import record_roster
from tests.browser.afternoon import add, announce
from tests.browser.rows import Part

APP = Path(__file__).resolve().parents[3] / "dashboard" / "app.py"
TRENDS = "views/trends.py"
HOUR_NS = 3600 * 10**9


class Database:
    """The database of a line, as storage fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'referee.sqlite'}"
        upgrade(self.url)
        self.engine = open_engine(self.url, writes=True)

    def announce(self, *stations: str) -> None:
        with Session(self.engine) as session, session.begin():
            for station in stations:
                announce(session, station, Mode.GUARD, time.time_ns())

    def reject(self, station: str, seq: int, at_utc_ns: int) -> None:
        part = Part(station, 1, seq, at_utc_ns, Decision.REJECT, prompt="crack")
        with Session(self.engine) as session, session.begin():
            add(session, self.folder / "archive", [part])

    def follow(self, *stations: str) -> None:
        roster = Roster(stations=dict.fromkeys(stations, RosterStation()))
        with Session(self.engine) as session, session.begin():
            record_roster(session, roster, time.time_ns())


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("REFEREE_RUN_DIR", str(tmp_path))
    for name in ("REFEREE_DATABASE_URL", "REFEREE_MQTT_PORT", "REFEREE_SITE", "REFEREE_LINE"):
        monkeypatch.delenv(name, raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield Database(tmp_path)
    st.cache_data.clear()
    st.cache_resource.clear()


def opened(page: str | None = None) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    return app.switch_page(page).run() if page else app


def text(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(piece.proto.body for piece in app.get("html"))


def test_a_station_that_the_line_has_no_more_is_shown_only_on_request(database: Database) -> None:
    database.announce("a-ghost", "tile-top")
    for station in ("a-ghost", "tile-top"):
        database.reject(station, 1, time.time_ns())
    database.follow("tile-top")
    app = opened()
    assert "tile-top" in text(app)
    assert "a-ghost" not in text(app)
    app.toggle(key="past").set_value(True).run()
    assert text(app).count('class="station"') == 2
    assert 'data-part="a-ghost/1/1"' in text(app)


def test_trends_open_on_a_station_that_the_line_has(database: Database) -> None:
    database.announce("a-ghost", "tile-top")
    database.follow("tile-top")
    app = opened(TRENDS)
    assert app.button_group(key="station").options == ["tile-top"]
    app.toggle(key="past").set_value(True).run()
    assert app.button_group(key="station").options == ["tile-top", "a-ghost"]


def test_a_line_without_a_roster_shows_all_that_is_known(database: Database) -> None:
    database.announce("a", "b")
    app = opened()
    assert text(app).count('class="station"') == 2
    assert not app.toggle


def test_after_the_clock_was_set_back_the_newest_part_is_shown(database: Database) -> None:
    database.announce("tile-top")
    now = time.time_ns()
    database.reject("tile-top", 1, now + HOUR_NS)
    assert "Last part 1/1" in text(opened())
    st.cache_data.clear()
    database.reject("tile-top", 2, now)
    shown = text(opened())
    assert "Last part 1/2" in shown
    assert shown.index('data-part="tile-top/1/2"') < shown.index('data-part="tile-top/1/1"')
    assert "1 of 1 part" in shown  # of the last hour
