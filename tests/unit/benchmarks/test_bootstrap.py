"""The paired bootstrap against cases that can be worked out by hand."""

from __future__ import annotations

import math

import pytest

from benchmarks.peers.answers import Answer
from benchmarks.peers.bootstrap import differences


def bad(number: int, part: int, whole: int, rejected: bool = True) -> Answer:
    return Answer("line", f"bad/{number}", True, part / whole, part, whole, rejected)


def good(number: int, rejected: bool) -> Answer:
    return Answer("line", f"good/{number}", False, 1.0, 0, 0, rejected)


def test_the_values_are_the_differences_of_the_figures() -> None:
    ours = [bad(0, 50, 100), bad(1, 30, 40), good(2, False), good(3, False)]
    other = [bad(0, 25, 100), bad(1, 10, 40, rejected=False), good(2, True), good(3, False)]
    found = differences(ours, other, seed=0, resamples=50)
    assert found["miou"] is not None
    assert found["miou"].value == pytest.approx((0.50 + 0.75 - 0.25 - 0.25) / 2)
    assert found["oiou"] is not None
    assert found["oiou"].value == pytest.approx(80 / 140 - 35 / 140)
    assert found["escapes"] is not None
    assert found["escapes"].value == pytest.approx(-0.5)
    assert found["false_rejects"] is not None
    assert found["false_rejects"].value == pytest.approx(-0.5)


def test_a_difference_that_is_the_same_everywhere_is_certain() -> None:
    """Pairing: the pictures differ widely, the difference does not."""
    ours = [bad(n, 10 * n + 5, 200) for n in range(12)]
    other = [bad(n, 10 * n, 200) for n in range(12)]
    found = differences(ours, other, seed=0, resamples=200)["miou"]
    assert found is not None
    assert found == pytest.approx((0.025, 0.025, 0.025))
    assert found.is_clear


def test_two_pictures_have_three_resamples() -> None:
    """Differences 0 and 1: their mean is 0, 0.5 or 1 with shares 1/4, 1/2, 1/4."""
    ours, other = [bad(0, 1, 1), bad(1, 1, 1)], [bad(0, 1, 1), bad(1, 0, 1)]
    found = differences(ours, other, seed=0, resamples=400)["miou"]
    assert found == (0.5, 0.0, 1.0)
    assert not found.is_clear


def test_the_interval_of_many_pictures_is_that_of_the_normal_law() -> None:
    """Half of 400 differences are 0, half 1: mean 0.5, standard error 0.025."""
    ours = [bad(n, 1, 1) for n in range(400)]
    other = [bad(n, n % 2, 1) for n in range(400)]
    found = differences(ours, other, seed=0, resamples=10_000)["miou"]
    assert found is not None
    assert found.value == 0.5
    assert found.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.004)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.004)


def test_the_same_seed_gives_the_same_interval() -> None:
    ours, other = [bad(n, n, 20) for n in range(20)], [bad(n, 5, 20) for n in range(20)]
    first, second = (differences(ours, other, seed=3, resamples=100) for _ in range(2))
    assert first == second


def test_other_pictures_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="same pictures"):
        differences([bad(0, 1, 2)], [bad(1, 1, 2)], seed=0)


def test_no_picture_no_difference_and_one_picture_no_interval() -> None:
    found = differences([bad(0, 1, 2)], [bad(0, 0, 2)], seed=0)
    assert found["false_rejects"] is None
    assert found["miou"] is not None
    assert found["miou"].value == 0.5
    assert math.isnan(found["miou"].low)
    assert not found["miou"].is_clear
