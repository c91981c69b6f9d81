"""What a person sees: in Chromium, on the two screens that plants have."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, create_engine, update
from sqlalchemy.orm import Session

from contracts.causes import Decision
from storage.models import Base, SequenceRow
from tests.browser.afternoon import add, fill
from tests.browser.conftest import CUT_OFF, REFRESH_MS, Open, Serve
from tests.browser.rows import Part

SCREENS = [(1280, 800), (1920, 1080)]


@pytest.fixture(scope="module")
def afternoon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    fill(_engine(folder), folder / "archive", time.time_ns(), hours=1)
    return folder


@pytest.fixture(scope="module")
def url(serve: Serve, afternoon: Path) -> str:
    return serve(afternoon)


def _engine(folder: Path) -> Engine:
    return create_engine(f"sqlite:///{folder / 'referee.sqlite'}")


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_tiles_and_rejects_are_seen_without_scrolling(
    url: str, open_page: Open, width: int, height: int
) -> None:
    page = open_page(url, width, height)
    expect(page.locator(".station")).to_have_count(2)
    for selector in (".station", ".card:visible"):
        expect(page.locator(selector).last).to_be_in_viewport(ratio=1, timeout=REFRESH_MS)
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_picture_of_a_card_is_drawn(url: str, open_page: Open) -> None:
    page = open_page(url, 1920, 1080)
    expect(page.locator(".card")).to_have_count(8)
    page.wait_for_function("[...document.querySelectorAll('.card img')].every(i => i.complete)")
    widths = page.eval_on_selector_all(".card img", "all => all.map(i => i.naturalWidth)")
    assert len(widths) == 7
    assert all(widths)
    expect(page.locator(".card .absent")).to_have_text("Picture deleted to free space")


def test_times_are_in_the_viewers_zone_which_is_named(url: str, open_page: Open) -> None:
    page = open_page(url)
    expect(page.locator(".headline.page span")).to_have_text(re.compile("Europe/Berlin, CE"))


def test_a_new_part_shows_up_without_a_reload(url: str, open_page: Open, afternoon: Path) -> None:
    page = open_page(url)
    station = page.locator('.station[data-station="tile-top"]')
    last = int(station.get_by_text(re.compile("Last part")).inner_text().split("/")[1])
    _reject(afternoon, last + 1)
    expect(station).to_contain_text(f"Last part 4/{last + 1}", timeout=REFRESH_MS)
    expect(station).to_contain_text("Reject")
    expect(page.locator(".card").first).to_have_attribute("data-part", f"tile-top/4/{last + 1}")
    expect(page.locator('.ledger[data-station="tile-top"]')).to_contain_text("Closed: all")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_trends_are_drawn_for_the_station_that_is_chosen(
    url: str, open_page: Open, theme: str
) -> None:
    page = open_page(f"{url}/trends?period=1+hour", theme=theme)
    page.get_by_role("radio", name="tile-top").or_(page.get_by_text("tile-top")).first.click()
    expect(page.locator(".vega-embed canvas, .vega-embed svg")).to_have_count(4)
    expect(page.locator(".st-key-chart-reject-rate")).to_contain_text("samples of 1 minute")
    assert page.evaluate(CUT_OFF) == []


def test_a_line_of_a_minute_ago_has_trends(serve: Serve, open_page: Open, tmp_path: Path) -> None:
    fill(_engine(tmp_path), tmp_path / "archive", time.time_ns(), hours=0.03)
    page = open_page(f"{serve(tmp_path)}/trends")
    expect(page.locator(".vega-embed canvas, .vega-embed svg")).to_have_count(4)
    expect(page.locator(".st-key-chart-reject-rate")).to_contain_text("samples of 1 minute")
    expect(page.locator(".st-key-chart-reject-rate")).to_contain_text("if parts keep coming")
    assert page.evaluate(CUT_OFF) == []


def test_an_empty_database_is_calm_and_wakes_up_by_itself(
    serve: Serve, open_page: Open, tmp_path: Path
) -> None:
    page = open_page(serve(tmp_path))
    expect(page.locator(".notice")).to_contain_text("No database yet")
    Base.metadata.create_all(_engine(tmp_path))
    expect(page.locator(".notice")).to_contain_text(
        "No station has reported yet", timeout=REFRESH_MS
    )
    _no_traceback(page)
    fill(_engine(tmp_path), tmp_path / "archive", time.time_ns(), hours=0.05)
    expect(page.locator(".station")).to_have_count(2, timeout=REFRESH_MS)


def _no_traceback(page: Page) -> None:
    expect(page.locator('[data-testid="stException"]')).to_have_count(0)


def _reject(folder: Path, seq: int) -> None:
    part = Part("tile-top", 4, seq, time.time_ns(), Decision.REJECT, prompt="crack")
    with Session(_engine(folder)) as session:
        add(session, folder / "archive", [part])
        session.execute(
            update(SequenceRow)
            .where(SequenceRow.station == "tile-top", SequenceRow.epoch == 4)
            .values(last_seq=seq)
        )
        session.commit()
