"""Data of the Trends page, counted in SQL, as tables."""

from __future__ import annotations

import time

import pandas as pd
import streamlit as st

from contracts.percentiles import nearest_rank
from dashboard.data import line_data
from dashboard.data.periods import NS, PERIODS, USUAL, Window, shortest_covering, span_ns
from dashboard.data.reading import reading
from dashboard.wording import CAUSES
from storage.queries import (
    capture_to_plc_counts,
    disposition_counts,
    no_verdict_causes,
    pareto,
)

FINE_S = 60


def opening_period() -> str:
    """Return the period to open with: the usual one, or a shorter one that shows the same parts."""
    now = time.time_ns()
    since = now - span_ns(PERIODS[USUAL])
    tiles = line_data.tiles().now
    with reading() as session:
        stations = [tile.station for tile in tiles]
        steps = disposition_counts(session, stations, FINE_S, since, now)
    last = [tile.last_at_utc_ns for tile in tiles if tile.last_at_utc_ns is not None]
    oldest = max(since, steps[0].bucket_start_utc_ns) if steps else max(last, default=now)
    return shortest_covering(now - oldest)


@st.cache_data(ttl="5s", show_spinner=False)
def samples(station: str, over: Window) -> pd.DataFrame:
    """Return samples with at least one part, up to now.

    Columns: ``at``, ``inspected``, ``rejected``, ``no_verdict`` and ``whole``, which is False for
    the current sample.
    """
    with reading() as session:
        rows = disposition_counts(
            session, station, over.sample_s, over.since_utc_ns, over.until_utc_ns
        )
    return pd.DataFrame(
        {
            "at": _times([row.bucket_start_utc_ns for row in rows]),
            "inspected": [row.inspected for row in rows],
            "rejected": [row.rejected for row in rows],
            "no_verdict": [row.no_verdict for row in rows],
            "whole": [row.bucket_start_utc_ns < over.current_utc_ns for row in rows],
        }
    )


@st.cache_data(ttl="5s", show_spinner=False)
def by_prompt(station: str, over: Window) -> pd.DataFrame:
    """Return ``prompt`` and ``parts`` (with counted findings of the prompt)."""
    with reading() as session:
        rows = pareto(session, station, over.since_utc_ns, over.until_utc_ns)
    return pd.DataFrame(
        {"prompt": [row.prompt for row in rows], "parts": [row.parts for row in rows]}
    )


@st.cache_data(ttl="5s", show_spinner=False)
def by_cause(station: str, over: Window) -> pd.DataFrame:
    """Return steps: ``since``, ``until``, ``at`` (the middle), ``cause`` in words, ``parts``."""
    with reading() as session:
        rows = no_verdict_causes(
            session, station, over.step_s, over.since_utc_ns, over.until_utc_ns
        )
    since = [max(row.bucket_start_utc_ns, over.since_utc_ns) for row in rows]
    until = [min(row.bucket_start_utc_ns + over.step_s * NS, over.until_utc_ns) for row in rows]
    return pd.DataFrame(
        {
            "since": _times(since),
            "until": _times(until),
            "at": _times([(a + b) // 2 for a, b in zip(since, until, strict=True)]),
            "cause": [CAUSES[row.cause] for row in rows],
            "parts": [row.parts for row in rows],
        }
    )


@st.cache_data(ttl="5s", show_spinner=False)
def durations(station: str, over: Window) -> pd.DataFrame:
    """Return ``ms`` (whole milliseconds from capture to PLC) and ``parts``."""
    with reading() as session:
        rows = capture_to_plc_counts(session, station, over.since_utc_ns, over.until_utc_ns)
    return pd.DataFrame({"ms": [row.from_ms for row in rows], "parts": [row.parts for row in rows]})


def percentile(table: pd.DataFrame, percent: int) -> float:
    """Return a percentile, by nearest rank, of a table of counts (``ms`` rising, ``parts``)."""
    ranks = table["parts"].cumsum()
    wanted = nearest_rank(int(ranks.iloc[-1]), percent)
    return float(table["ms"][ranks >= wanted].iloc[0])


def _times(utc_ns: list[int]) -> pd.Series:
    return pd.to_datetime(pd.Series(utc_ns, dtype="int64"), utc=True)
