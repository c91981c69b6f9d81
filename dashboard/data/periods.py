"""Periods that people choose from, and the time window of each one right now."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

NS = 10**9
NARROWEST_SAMPLES = 10
"""Smallest number of samples on the time axis: two points do not fill the whole chart."""


class Period(NamedTuple):
    """How far back to look, the length of a sample and of a step of the causes chart."""

    span: timedelta
    sample: timedelta
    sample_name: str
    step: timedelta


PERIODS = {
    "1 hour": Period(timedelta(hours=1), timedelta(minutes=1), "1 minute", timedelta(minutes=5)),
    "4 hours": Period(timedelta(hours=4), timedelta(minutes=5), "5 minutes", timedelta(minutes=20)),
    "8 hours": Period(
        timedelta(hours=8), timedelta(minutes=10), "10 minutes", timedelta(minutes=30)
    ),
    "24 hours": Period(
        timedelta(hours=24), timedelta(minutes=20), "20 minutes", timedelta(hours=2)
    ),
    "7 days": Period(timedelta(days=7), timedelta(hours=2), "2 hours", timedelta(hours=12)),
}
USUAL = "8 hours"


class Window(NamedTuple):
    """A time window that begins and ends with whole samples, UTC nanoseconds.

    Its newest sample is the current one, which ends after now.
    """

    since_utc_ns: int
    until_utc_ns: int
    sample_s: int
    step_s: int

    @property
    def current_utc_ns(self) -> int:
        """Return when the current sample began."""
        return self.until_utc_ns - self.sample_s * NS


def window(period: Period, now_utc_ns: int) -> Window:
    """Return the period up to now, rounded up to the end of the current sample."""
    sample_s = int(period.sample.total_seconds())
    until = now_utc_ns - now_utc_ns % (sample_s * NS) + sample_s * NS
    return Window(until - span_ns(period), until, sample_s, int(period.step.total_seconds()))


def from_first(over: Window, first_utc_ns: int) -> Window:
    """Cut the time before the first part, but keep at least ``NARROWEST_SAMPLES`` samples."""
    before = first_utc_ns - first_utc_ns % (over.sample_s * NS) - over.sample_s * NS
    latest = over.until_utc_ns - NARROWEST_SAMPLES * over.sample_s * NS
    return over._replace(since_utc_ns=max(over.since_utc_ns, min(before, latest)))


def shortest_covering(age_ns: int) -> str:
    """Return the shortest period that reaches back ``age_ns``; the longest if none does."""
    reach = [name for name, period in PERIODS.items() if span_ns(period) >= age_ns]
    return reach[0] if reach else list(PERIODS)[-1]


def span_ns(period: Period) -> int:
    """Return how far back a period looks."""
    return int(period.span.total_seconds()) * NS
