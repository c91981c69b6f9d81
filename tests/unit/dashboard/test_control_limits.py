"""Limits against published figures and against what must hold for any counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts.control_limits import (
    beyond,
    laney_limits,
    limits_for,
    on_one_side,
    p_limits,
)

# NIST/SEMATECH e-Handbook, pmc332: misregistered chips on 30 wafers of 50 chips each.
WAFERS = np.array(
    [
        *(12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22),
        *(8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6),
    ]
)
CHIPS = np.full(30, 50)


def test_the_handbooks_wafers_have_the_handbooks_limits() -> None:
    limits = p_limits(WAFERS, CHIPS)
    assert limits.centre == pytest.approx(0.2313, abs=5e-5)
    assert limits.upper[0] == pytest.approx(0.4102, abs=5e-5)
    assert limits.lower[0] == pytest.approx(0.0524, abs=5e-5)
    assert np.flatnonzero(beyond(WAFERS / CHIPS, limits)).tolist() == [14, 22]


def test_laney_widens_the_limits_by_the_spread_between_samples() -> None:
    plain, laney = p_limits(WAFERS, CHIPS), laney_limits(WAFERS, CHIPS)
    # By hand: 29 moving ranges add up to 162 chips; sigma of a wafer is 50 sqrt(.2313 .7687 / 50).
    assert laney.sigma_z == pytest.approx(162 / 29 / 2.9816 / 1.128, rel=1e-3)
    widened = (laney.upper - laney.centre) / (plain.upper - plain.centre)
    assert widened == pytest.approx(laney.sigma_z)


def test_limits_follow_the_size_of_each_sample() -> None:
    limits = p_limits(np.array([5, 50]), np.array([100, 1000]))
    assert limits.upper[0] > limits.upper[1] > limits.centre == 0.05


def test_few_samples_or_little_spread_keep_the_plain_chart() -> None:
    assert limits_for(WAFERS, CHIPS).sigma_z is not None
    assert limits_for(WAFERS[:19], CHIPS[:19]).sigma_z is None
    assert limits_for(np.full(30, 5), np.full(30, 100)).sigma_z is None


def test_a_spread_below_chance_keeps_the_plain_chart() -> None:
    """A sigma_z below 1 would draw narrower limits than chance alone allows: false alarms."""
    rejected, inspected = np.array([5, 6] * 15), np.full(30, 100)
    sigma_z = laney_limits(rejected, inspected).sigma_z
    assert sigma_z is not None
    assert 0 < sigma_z < 1
    limits, plain = limits_for(rejected, inspected), p_limits(rejected, inspected)
    assert limits.sigma_z is None
    assert limits.upper.tolist() == plain.upper.tolist()


def test_nothing_rejected_is_no_division_by_zero() -> None:
    limits = limits_for(np.zeros(30, int), np.full(30, 100))
    assert limits.centre == 0
    assert limits.sigma_z is None
    assert not limits.upper.any()


@pytest.mark.parametrize(("rejected", "inspected"), [([], []), ([0, 1], [0, 10])])
def test_samples_without_parts_are_refused(rejected: list[int], inspected: list[int]) -> None:
    with pytest.raises(ValueError, match="at least one part"):
        p_limits(np.array(rejected, int), np.array(inspected, int))


def test_a_run_signals_from_its_eighth_sample_on() -> None:
    shares = np.array([0.2] * 3 + [0.4] * 9 + [0.3] + [0.4])
    assert np.flatnonzero(on_one_side(shares, 0.3)).tolist() == [10, 11]


@given(
    st.lists(
        st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=1,
        max_size=40,
    )
)
def test_limits_always_hold_the_centre_between_them(samples: list[tuple[int, int]]) -> None:
    rejected, inspected = (np.array(column) for column in zip(*samples, strict=True))
    limits = limits_for(rejected, inspected)
    assert np.all(limits.lower >= 0)
    assert np.all(limits.lower <= limits.centre + 1e-12)
    assert np.all(limits.upper >= limits.centre - 1e-12)
    assert np.all(limits.upper <= 1)
