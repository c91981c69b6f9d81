"""Periods that people choose from, and the stretch of time each one is right now."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

NS = 10**9
NARROWEST_SAMPLES = 10
"""Samples that the time axis holds at least: a line's first two points still look like two."""


class Period(NamedTuple):
    """How far back to look, how long one sample is, and one step of the rarer causes."""

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
    """A stretch of time that begins and ends with whole samples, UTC nanoseconds.

    Its newest sample is the running one: it ends after now.
    """

    since_utc_ns: int
    until_utc_ns: int
    sample_s: int
    step_s: int

    @property
    def running_utc_ns(self) -> int:
        """When the running sample began."""
        return self.until_utc_ns - self.sample_s * NS


def window(period: Period, now_utc_ns: int) -> Window:
    """The period up to now, rounded up to the end of the running sample."""
    sample_s = int(period.sample.total_seconds())
    until = now_utc_ns - now_utc_ns % (sample_s * NS) + sample_s * NS
    return Window(until - span_ns(period), until, sample_s, int(period.step.total_seconds()))


def from_first(over: Window, first_utc_ns: int) -> Window:
    """Without the empty time before the first part, as far as ``NARROWEST_SAMPLES`` are left."""
    before = first_utc_ns - first_utc_ns % (over.sample_s * NS) - over.sample_s * NS
    latest = over.until_utc_ns - NARROWEST_SAMPLES * over.sample_s * NS
    return over._replace(since_utc_ns=max(over.since_utc_ns, min(before, latest)))


def shortest_covering(age_ns: int) -> str:
    """Name of the shortest period that reaches so far back; the longest where none does."""
    reach = [name for name, period in PERIODS.items() if span_ns(period) >= age_ns]
    return reach[0] if reach else list(PERIODS)[-1]


def span_ns(period: Period) -> int:
    """How far back a period looks."""
    return int(period.span.total_seconds()) * NS
