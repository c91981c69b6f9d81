"""What the Trends page draws, counted in SQL, as tables."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard.data.database import reading
from dashboard.wording import CAUSES
from storage.queries import defect_rate, pareto
from storage.queries.distributions import capture_to_plc_counts, no_verdict_causes

NS = 10**9


class Period(NamedTuple):
    """How far back to look and how long one sample is."""

    span: timedelta
    sample: timedelta
    sample_name: str


PERIODS = {
    "1 hour": Period(timedelta(hours=1), timedelta(minutes=2), "2 minutes"),
    "4 hours": Period(timedelta(hours=4), timedelta(minutes=10), "10 minutes"),
    "8 hours": Period(timedelta(hours=8), timedelta(minutes=15), "15 minutes"),
    "24 hours": Period(timedelta(hours=24), timedelta(hours=1), "1 hour"),
    "7 days": Period(timedelta(days=7), timedelta(hours=6), "6 hours"),
}


class Window(NamedTuple):
    """A stretch of time that begins and ends with whole samples, UTC nanoseconds."""

    since_utc_ns: int
    until_utc_ns: int
    sample_s: int


def window(period: Period) -> Window:
    """The newest whole samples; the running one is left out, since it is not yet a sample."""
    sample_s = int(period.sample.total_seconds())
    now = time.time_ns()
    until = now - now % (sample_s * NS)
    return Window(until - int(period.span.total_seconds()) * NS, until, sample_s)


@st.cache_data(ttl="15s", show_spinner=False)
def samples(station: str, over: Window) -> pd.DataFrame:
    """Samples with at least one verdict: ``at``, ``inspected``, ``rejected``, ``no_verdict``."""
    with reading() as session:
        rows = defect_rate(session, station, over.sample_s, over.since_utc_ns, over.until_utc_ns)
    return pd.DataFrame(
        {
            "at": _times([row.bucket_start_utc_ns for row in rows]),
            "inspected": [row.inspected for row in rows],
            "rejected": [row.rejected for row in rows],
            "no_verdict": [row.no_verdict for row in rows],
        }
    )


@st.cache_data(ttl="15s", show_spinner=False)
def by_prompt(station: str, over: Window) -> pd.DataFrame:
    """``prompt``, ``parts`` with counted findings of it."""
    with reading() as session:
        rows = pareto(session, station, over.since_utc_ns, over.until_utc_ns)
    table = pd.DataFrame(
        {"prompt": [row.prompt for row in rows], "parts": [row.parts for row in rows]}
    )
    return table.groupby("prompt", as_index=False)["parts"].sum()  # one row a unit before


@st.cache_data(ttl="15s", show_spinner=False)
def by_cause(station: str, over: Window) -> pd.DataFrame:
    """``at``, ``cause`` in words, ``parts`` without a verdict."""
    with reading() as session:
        rows = no_verdict_causes(
            session, station, over.sample_s, over.since_utc_ns, over.until_utc_ns
        )
    return pd.DataFrame(
        {
            "at": _times([row.bucket_start_utc_ns for row in rows]),
            "cause": [CAUSES[row.cause] for row in rows],
            "parts": [row.parts for row in rows],
        }
    )


@st.cache_data(ttl="15s", show_spinner=False)
def durations(station: str, over: Window) -> pd.DataFrame:
    """``ms`` (whole) from capture to PLC, ``parts``."""
    with reading() as session:
        rows = capture_to_plc_counts(session, station, over.since_utc_ns, over.until_utc_ns)
    return pd.DataFrame({"ms": [row.from_ms for row in rows], "parts": [row.parts for row in rows]})


def percentile(table: pd.DataFrame, percent: int) -> float:
    """Nearest rank over a table of counts (``ms`` rising, ``parts``)."""
    ranks = table["parts"].cumsum()
    wanted = -(-int(ranks.iloc[-1]) * percent // 100)
    return float(table["ms"][ranks >= wanted].iloc[0])


def _times(utc_ns: list[int]) -> pd.Series:
    return pd.to_datetime(pd.Series(utc_ns, dtype="int64"), utc=True)
