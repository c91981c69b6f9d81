"""Pages run whole, on a database that is missing, empty, fresh, full or out of order."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from contracts.causes import Cause, Decision, Mode
from storage.models import Base
from tests.browser.afternoon import add, announce, fill
from tests.browser.rows import Part

APP = Path(__file__).resolve().parents[3] / "dashboard" / "app.py"
TRENDS = "views/trends.py"
SECOND = 10**9


@pytest.fixture
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("REFEREE_SITE", "plant")
    monkeypatch.setenv("REFEREE_LINE", "line-1")
    monkeypatch.setenv("REFEREE_RUN_DIR", str(tmp_path))
    monkeypatch.delenv("REFEREE_DATABASE_URL", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield tmp_path
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def afternoon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half an hour at two stations."""
    folder = tmp_path_factory.mktemp("afternoon")
    fill(_engine(folder), folder / "archive", time.time_ns(), hours=0.5)
    return folder


def _engine(folder: Path) -> Engine:
    return create_engine(f"sqlite:///{folder / 'referee.sqlite'}")


def _open(page: str | None = None) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=30).run()
    if page:
        app.switch_page(page).run()
    return app


def _text(app: AppTest) -> str:
    """A page's text as HTML, after making sure that it did not raise."""
    assert not app.exception
    return "\n".join(piece.proto.body for piece in app.get("html"))


def _page(page: str | None = None) -> str:
    return _text(_open(page))


def _charts(app: AppTest) -> int:
    return len(app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart"))


def _station(run_dir: Path, ages_s: list[float], cause: Cause | None = None) -> None:
    """A station whose parts are so old: rejects, or without a verdict for a cause."""
    engine, now = _engine(run_dir), time.time_ns()
    decision = Decision.NO_VERDICT if cause else Decision.REJECT
    parts = [
        Part("tile-top", 1, seq, now - int(age_s * SECOND), decision, cause, prompt="crack")
        for seq, age_s in enumerate(ages_s, 1)
    ]
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        announce(session, "tile-top", Mode.GUARD, now)
        if parts:
            add(session, run_dir / "archive", parts)
        session.commit()


@pytest.mark.parametrize("page", [None, TRENDS])
def test_a_missing_database_is_shown_and_not_created(run_dir: Path, page: str | None) -> None:
    assert "No database yet" in _page(page)
    assert list(run_dir.iterdir()) == []


@pytest.mark.parametrize("page", [None, TRENDS])
def test_a_database_without_tables_is_not_ready_yet(run_dir: Path, page: str | None) -> None:
    sqlite3.connect(run_dir / "referee.sqlite").close()
    (run_dir / "referee.sqlite").touch()
    assert "No database yet" in _page(page)


@pytest.mark.parametrize("page", [None, TRENDS])
def test_an_empty_database_waits_for_a_station(run_dir: Path, page: str | None) -> None:
    Base.metadata.create_all(_engine(run_dir))
    assert "No station has reported yet" in _page(page)


@pytest.mark.parametrize("page", [None, TRENDS])
def test_a_broken_database_is_shown(run_dir: Path, page: str | None) -> None:
    (run_dir / "referee.sqlite").write_bytes(b"this is no database, and long enough to tell" * 9)
    text = _page(page)
    assert "The database cannot be reached right now" in text
    assert "file is not a database" in text


def test_a_url_that_is_not_valid_is_named(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFEREE_DATABASE_URL", "not a url")
    assert "REFEREE_DATABASE_URL" in _page()


def test_a_password_in_the_url_is_not_shown(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFEREE_DATABASE_URL", "sqlite://someone:secret@/nowhere.sqlite")
    assert "secret" not in _page()


def test_a_station_without_a_part_is_calm(run_dir: Path) -> None:
    _station(run_dir, [])
    text = _page()
    for wanted in ("tile-top", "Guard", "no part yet", "No part has been rejected yet"):
        assert wanted in text
    assert "This station has had no parts yet" in _page(TRENDS)


def test_a_part_of_this_minute_is_in_every_chart(run_dir: Path) -> None:
    minute = time.time() // 60
    _station(run_dir, [0.0])
    app = _open(TRENDS)
    text = _text(app)
    assert "1 part in samples of 1 minute" in text
    assert (
        "The current sample is incomplete" in text or time.time() // 60 > minute
    )  # it ended meanwhile
    assert "limits need 10 complete samples: expected at " in text
    assert _charts(app) == 3
    assert "None of 1 part: each has a verdict" in text


def test_parts_without_a_verdict_are_not_called_nothing(run_dir: Path) -> None:
    _station(run_dir, [2.0, 1.0], Cause.WORKER_LOST)
    app = _open(TRENDS)
    text = _text(app)
    assert "No part has a verdict yet: 2 parts without one" in text
    assert "No findings on 2 parts" in text
    assert "No verdict has reached the PLC yet (2 parts started)" in text
    assert _charts(app) == 1


@pytest.mark.parametrize(
    ("oldest_h", "newest_h", "period"),
    [(0.02, 0.0, "1 hour"), (2.0, 0.0, "4 hours"), (30.0, 0.1, "1 hour"), (11.0, 10.0, "24 hours")],
)
def test_trends_open_on_the_shortest_period_that_shows_the_usual_ones_parts(
    run_dir: Path, oldest_h: float, newest_h: float, period: str
) -> None:
    _station(run_dir, [oldest_h * 3600, newest_h * 3600])
    app = _open(TRENDS)
    assert app.session_state["period"] == period
    assert "Rejected parts over time" in _text(app)


def test_a_period_without_a_part_says_when_the_last_one_was(run_dir: Path) -> None:
    _station(run_dir, [5 * 3600.0])
    app = _open(TRENDS)
    app.session_state["period"] = "1 hour"
    app.run()
    assert "No part started in this period" in _text(app)
    assert "The last part started 5 h ago, at " in _text(app)


def test_the_line_page_shows_every_station(
    run_dir: Path, afternoon: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_RUN_DIR", str(afternoon))
    text = _page()
    assert text.count('class="station"') == 2
    assert "plant / line-1" in text
    assert "Closed: all " in text
    assert "Not closed: 2 of " in text
    assert text.count("data:image/jpeg;base64,") == 7
    assert text.count("Picture deleted to free space") == 1
    assert "a small round hole or pit" in text


def test_a_picture_that_vanished_is_said_on_its_card(
    run_dir: Path, afternoon: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_DATABASE_URL", f"sqlite:///{afternoon / 'referee.sqlite'}")
    text = _page()
    assert text.count('<article class="card"') == 8
    assert text.count("Picture file is missing") == 7


def test_the_trends_page_draws_four_charts(
    run_dir: Path, afternoon: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_RUN_DIR", str(afternoon))
    app = _open(TRENDS)
    text = _text(app)
    assert _charts(app) == 4
    assert "in samples of 1 minute" in text
    assert "p chart: limits" in text
