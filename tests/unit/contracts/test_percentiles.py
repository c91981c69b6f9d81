"""Percentiles by nearest rank, against the definition and against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.percentiles import nearest_rank, percentile


@pytest.mark.parametrize(
    ("count", "percent", "rank"),
    [(100, 50, 50), (100, 99, 99), (100, 100, 100), (1, 1, 1), (3, 50, 2)],
)
def test_the_rank_is_rounded_up(count: int, percent: int, rank: int) -> None:
    assert nearest_rank(count, percent) == rank


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.integers(1, 100))
def test_it_is_the_percentile_that_numpy_calls_inverted_cdf(
    values: list[float], percent: int
) -> None:
    assert percentile(values, percent) == np.percentile(values, percent, method="inverted_cdf")


def test_no_values_have_no_percentile() -> None:
    assert percentile([], 50) is None
