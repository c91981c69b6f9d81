"""Data of the Line page, at most two seconds old."""

from __future__ import annotations

import time
from collections import defaultdict

import streamlit as st

from contracts.release import DEFAULT_DEADLINE_MS
from dashboard.data.reading import reading
from storage.queries import (
    Challenge,
    DispositionCounts,
    LedgerRow,
    LineTile,
    PartStory,
    ReleaseView,
    disposition_counts,
    last_challenges,
    last_rejects,
    ledger,
    line_tiles,
    releases,
)

HOUR_NS, DAY_NS = 3600 * 10**9, 86_400 * 10**9
BAR_S = 120
REJECTS = 8


@st.cache_data(ttl="2s", show_spinner=False)
def tiles() -> list[LineTile]:
    """Return every station as it is right now."""
    with reading() as session:
        return line_tiles(session, time.time_ns())


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
def rejects() -> list[PartStory]:
    """Return the last rejected parts of the line, newest first."""
    with reading() as session:
        return last_rejects(session, limit=REJECTS)


@st.cache_data(ttl="2s", show_spinner=False)
def epochs() -> dict[str, list[LedgerRow]]:
    """Return the ledger of each epoch of the last day, per station, newest first."""
    stations: dict[str, list[LedgerRow]] = defaultdict(list)
    with reading() as session:
        for row in ledger(session, since_utc_ns=time.time_ns() - DAY_NS):
            stations[row.station].append(row)
    return dict(stations)


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
