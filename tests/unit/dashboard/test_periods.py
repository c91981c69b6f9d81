"""Periods reach up to now, and a young line's charts are not mostly empty."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.data.periods import (
    NARROWEST_SAMPLES,
    NS,
    PERIODS,
    Period,
    from_first,
    shortest_covering,
    span_ns,
    window,
)

NOW = 1_790_000_000 * NS
MINUTE, HOUR, DAY = 60 * NS, 3600 * NS, 86_400 * NS
periods = st.sampled_from(list(PERIODS.values()))
moments = st.integers(NOW, NOW + 30 * DAY)


@given(periods, moments)
def test_now_is_in_the_current_sample(period: Period, now: int) -> None:
    over = window(period, now)
    assert over.current_utc_ns <= now < over.until_utc_ns
    assert over.until_utc_ns - over.since_utc_ns == span_ns(period)
    assert over.since_utc_ns % (over.sample_s * NS) == 0


@given(periods, moments, st.integers(0, 8 * DAY))
def test_no_part_of_the_period_is_cut_off_with_the_empty_time(
    period: Period, now: int, age: int
) -> None:
    over = window(period, now)
    first = max(now - age, over.since_utc_ns)
    cut = from_first(over, first)
    assert over.since_utc_ns <= cut.since_utc_ns <= first
    samples = (cut.until_utc_ns - cut.since_utc_ns) / (cut.sample_s * NS)
    assert samples >= NARROWEST_SAMPLES
    assert samples == int(samples)


@pytest.mark.parametrize("period", PERIODS.values(), ids=PERIODS.keys())
def test_a_chart_has_as_many_samples_as_a_screen_can_tell_apart(period: Period) -> None:
    count = period.span / period.sample
    assert 40 <= count <= 100
    assert period.span % period.step == timedelta(0)


@pytest.mark.parametrize(
    ("age", "name"),
    [
        (0, "1 hour"),
        (59 * MINUTE, "1 hour"),
        (61 * MINUTE, "4 hours"),
        (8 * HOUR, "8 hours"),
        (10 * HOUR, "24 hours"),
        (90 * DAY, "7 days"),
    ],
)
def test_the_shortest_period_that_covers_an_age(age: int, name: str) -> None:
    assert shortest_covering(age) == name
