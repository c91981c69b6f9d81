"""The dashboard says what the line's processes say over a real broker, without its database too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from sqlalchemy import create_engine
from streamlit.testing.v1 import AppTest

from contracts.names import Topics
from contracts.process_state import Condition, Role
from runtime.messaging.broker import Broker
from tests.browser.afternoon import fill
from tests.said_line import SaidLine
from tests.servers import free_port
from tests.waiting import PATIENCE_S, until

APP = Path(__file__).resolve().parents[3] / "dashboard" / "app.py"
LOCKED = Condition(code="database_locked", detail="BEGIN EXCLUSIVE")


@pytest.fixture
def line(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SaidLine]:
    topics = Topics("plant", f"line-{free_port()}-{time.monotonic_ns()}")
    monkeypatch.setenv("REFEREE_RUN_DIR", str(tmp_path))
    monkeypatch.setenv("REFEREE_SITE", topics.site)
    monkeypatch.setenv("REFEREE_LINE", topics.line)
    monkeypatch.setenv("REFEREE_MQTT_PORT", str(broker.port))
    monkeypatch.delenv("REFEREE_DATABASE_URL", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    line = SaidLine(broker, topics)
    yield line
    line.stop()
    st.cache_data.clear()
    st.cache_resource.clear()


def shown(app: AppTest) -> str:
    """The page after another run, as it refreshes itself."""
    app.run()
    assert not app.exception
    return "\n".join(piece.proto.body for piece in app.get("html"))


def test_conditions_are_above_the_page_with_words_and_a_remedy(line: SaidLine) -> None:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
    line.say(Role.STORAGE, LOCKED)
    until(lambda: "The database is locked by another program" in shown(app))
    text = shown(app)
    assert 'class="condition alarm" data-code="database_locked"' in text
    for words in ("Alarm: <b>storage</b>", "BEGIN EXCLUSIVE", "Close the program that holds it"):
        assert words in text
    assert "No database yet" in text
    line.say(Role.STORAGE)
    until(lambda: 'class="condition' not in shown(app))


def test_a_tile_shows_the_bridge_as_it_is_and_not_as_it_was_stored(
    line: SaidLine, tmp_path: Path
) -> None:
    fill(create_engine(f"sqlite:///{tmp_path / 'referee.sqlite'}"), tmp_path, time.time_ns(), 0.02)
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
    until(lambda: shown(app).count(">Running</span>") == 2)
    silent = Condition(code="plc_silent", station="tile-top")
    line.say(Role.BRIDGE, silent, phases={"tile-edge": "running", "tile-top": "fault"})
    until(lambda: ">Fault</span>" in shown(app))
    assert 'data-code="plc_silent" data-station="tile-top"' in shown(app)
    line.end(Role.BRIDGE)
    until(lambda: shown(app).count(">Offline</span>") == 2)
    assert 'data-code="process_gone"' in shown(app)
