"""What a person sees when something is wrong with the line: in Chromium, over a real broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine

from contracts.names import Topics
from contracts.process_state import Condition, Role
from runtime.messaging.broker import Broker
from tests.browser.afternoon import fill
from tests.browser.conftest import CUT_OFF, REFRESH_MS, Open, Serve
from tests.said_line import SaidLine

LOCKED = Condition(code="database_locked", detail="database is locked")
SILENT = Condition(code="plc_silent", station="tile-top")


@pytest.fixture
def line(broker: Broker) -> Iterator[SaidLine]:
    line = SaidLine(broker, Topics("plant", "line-1"))
    yield line
    line.stop()


def test_an_alarm_is_shown_with_its_remedy_and_goes_by_itself(
    serve: Serve, open_page: Open, line: SaidLine, broker: Broker, tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'referee.sqlite'}")
    fill(engine, tmp_path / "archive", time.time_ns(), hours=0.02)
    page = open_page(serve(tmp_path, REFEREE_MQTT_PORT=str(broker.port)))
    tile = page.locator('.station[data-station="tile-top"] .badge.phase')
    expect(tile).to_have_text("Running", timeout=REFRESH_MS)
    expect(page.locator(".condition")).to_have_count(0)
    line.say(Role.STORAGE, LOCKED)
    line.say(Role.BRIDGE, SILENT, phases={"tile-edge": "running", "tile-top": "fault"})
    alarm = page.locator('.condition.alarm[data-code="database_locked"]')
    expect(alarm).to_contain_text("Alarm: storage The database is locked", timeout=REFRESH_MS)
    expect(alarm).to_contain_text("Close the program that holds it")
    expect(alarm).to_be_in_viewport(ratio=1)
    expect(tile).to_have_text("Fault", timeout=REFRESH_MS)
    assert page.evaluate(CUT_OFF) == []
    line.say(Role.STORAGE)
    line.say(Role.BRIDGE)
    expect(page.locator(".condition")).to_have_count(0, timeout=REFRESH_MS)
    expect(tile).to_have_text("Running", timeout=REFRESH_MS)
