"""The line right now: tiles, last rejects, ledger, releases."""

from __future__ import annotations

import time
from datetime import tzinfo

import streamlit as st

from dashboard.components.challenge_block import challenge_block
from dashboard.components.html import headline
from dashboard.components.ledger_block import ledger_block
from dashboard.components.past_stations import with_past
from dashboard.components.reject_cards import card, cards
from dashboard.components.release_block import release_block
from dashboard.components.tiles import station_row
from dashboard.data import line_data
from dashboard.data.health_data import health
from dashboard.data.pictures import NoPicture, picture_of
from dashboard.local_time import moment
from dashboard.page_frame import (
    REFRESHES,
    line_name,
    show_notice,
    showing_errors,
    zone,
    zone_label,
)
from storage.queries import LineTile, PartStory


@st.fragment(run_every="2s")
def line() -> None:
    with showing_errors():
        now, here = time.time_ns(), zone()
        at = moment(now, here).strftime("%a %d %b %Y, %H:%M:%S")
        st.html(headline(line_name(), f"{at} ({zone_label()})", "page"))
        known = line_data.tiles()
        tiles = with_past(known.now, known.past)
        if not tiles:
            show_notice(
                "No station has reported yet",
                "The database is empty. A station appears with its first release or part. "
                f"{REFRESHES}",
            )
            return
        show_tiles(tiles, now, here)
        stations = [tile.station for tile in tiles]
        show_rejects(line_data.rejects(tuple(stations)), now, here)
        show_ledger_and_releases(stations, now, here)


def show_tiles(tiles: list[LineTile], now_utc_ns: int, here: tzinfo) -> None:
    hours, releases = line_data.last_hour(), line_data.active_releases()
    live = health()
    bars = line_data.bar_starts(now_utc_ns)
    rows = [
        station_row(
            tile,
            line_data.deadline_ms(releases.get(tile.station)),
            hours.get(tile.station, []),
            bars,
            now_utc_ns,
            here,
            live,
        )
        for tile in tiles
    ]
    with st.container(key="tiles"):
        st.html("".join(rows))


def show_rejects(stories: list[PartStory], now_utc_ns: int, here: tzinfo) -> None:
    with st.container(key="rejects"):
        st.html(headline("Last rejects", "findings outlined; newest first" if stories else ""))
        if not stories:
            st.html('<p class="quiet">No part has been rejected yet.</p>')
            return
        st.html(cards([_card(story, now_utc_ns, here) for story in stories]))


def _card(story: PartStory, now_utc_ns: int, here: tzinfo) -> str:
    try:
        return card(story, picture_of(story), "", now_utc_ns, here)
    except NoPicture as reason:
        return card(story, None, str(reason), now_utc_ns, here)


def show_ledger_and_releases(stations: list[str], now_utc_ns: int, here: tzinfo) -> None:
    epochs, challenges = line_data.epochs(), line_data.challenges()
    releases = line_data.active_releases()
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="ledger"):
        st.html(headline("Ledger", "every part exactly once; newest epoch"))
        for each in stations:
            ledger = ledger_block(each, epochs.get(each, []), now_utc_ns, here)
            st.html(ledger + challenge_block(challenges.get(each), now_utc_ns, here))
    with right, st.container(key="releases"):
        st.html(headline("Mode and release", "what each station looks for"))
        for each in stations:
            st.html(release_block(each, releases.get(each), now_utc_ns, here))


line()
