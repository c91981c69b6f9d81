"""Data of the Line page, at most two seconds old."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import NamedTuple

import streamlit as st

from contracts.release import DEFAULT_DEADLINE_MS
from dashboard.data.health_data import health
from dashboard.data.reading import reading
from storage.queries import (
    Challenge,
    DispositionCounts,
    LedgerRow,
    LineTile,
    PartStory,
    ReleaseView,
    configured_stations,
    disposition_counts,
    last_challenges,
    last_rejects,
    ledger_by_name,
    line_tiles,
    releases,
)

HOUR_NS, DAY_NS = 3600 * 10**9, 86_400 * 10**9
BAR_S = 120
REJECTS = 8


class Tiles(NamedTuple):
    """The stations that the line has now, and those that it had before."""

    now: list[LineTile]
    past: list[LineTile]


def tiles() -> Tiles:
    """Return every station as it is right now, by name.

    The processes say over MQTT which stations the line has; else the newest roster in the
    database does. A line that never had one has all that the database knows.
    """
    known = _tiles()
    has = configured()
    return Tiles(
        now=[tile for tile in known if has is None or tile.station in has],
        past=[tile for tile in known if has is not None and tile.station not in has],
    )


def configured() -> frozenset[str] | None:
    """Return the names of the line's stations; None if nobody knows."""
    line = health()
    said = frozenset(each.station for each in line.stations) if line else frozenset()
    return said or _roster()


@st.cache_data(ttl="2s", show_spinner=False)
def _tiles() -> list[LineTile]:
    with reading() as session:
        return line_tiles(session, time.time_ns())


@st.cache_data(ttl="2s", show_spinner=False)
def _roster() -> frozenset[str] | None:
    with reading() as session:
        return configured_stations(session)


@st.cache_data(ttl="2s", show_spinner=False)
def last_hour() -> dict[str, list[DispositionCounts]]:
    """Return counts of the last hour per station, in steps of two minutes."""
    until = time.time_ns()
    stations: dict[str, list[DispositionCounts]] = defaultdict(list)
    with reading() as session:
        for step in disposition_counts(session, None, BAR_S, until - HOUR_NS, until):
            stations[step.station].append(step)
    return dict(stations)


@st.cache_data(ttl="2s", show_spinner=False)
def rejects(stations: tuple[str, ...]) -> list[PartStory]:
    """Return the last rejected parts of these stations, newest first."""
    with reading() as session:
        return last_rejects(session, limit=REJECTS, stations=stations)


@st.cache_data(ttl="2s", show_spinner=False)
def epochs() -> dict[str, list[LedgerRow]]:
    """Return the ledger of each epoch of the last day, per station of now, newest first."""
    with reading() as session:
        return ledger_by_name(session, time.time_ns() - DAY_NS)


@st.cache_data(ttl="2s", show_spinner=False)
def challenges() -> dict[str, Challenge]:
    """Return the last challenge of each station that had one."""
    with reading() as session:
        return last_challenges(session)


@st.cache_data(ttl="2s", show_spinner=False)
def active_releases() -> dict[str, ReleaseView]:
    """Return the release in force of each station."""
    with reading() as session:
        return {view.station: view for view in releases(session) if view.active}


def bar_starts(now_utc_ns: int) -> list[int]:
    """Return the starts (UTC, ns) of the last hour's steps, oldest first, the current one last."""
    width_ns = BAR_S * 10**9
    newest = now_utc_ns - now_utc_ns % width_ns
    return [newest - back * width_ns for back in reversed(range(HOUR_NS // width_ns))]


def deadline_ms(release: ReleaseView | None) -> int | None:
    """Return a release's deadline; one that it does not name is the default."""
    return release.config.get("deadline_ms", DEFAULT_DEADLINE_MS) if release else None
