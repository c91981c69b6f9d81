"""Percentiles by nearest rank: always a value that was measured, never one between two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def nearest_rank(count: Any, percent: int) -> Any:
    """Return the rank (from 1) of a percentile among ``count`` values in rising order.

    The value there is the smallest with at least ``percent`` of the values at or below it.

    Args:
        count: an integer above 0, or an SQL expression for one: both have the same arithmetic.
    """
    return (count * percent + 99) // 100


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the value at the nearest rank; None if there are no values."""
    if not values:
        return None
    return sorted(values)[nearest_rank(len(values), percent) - 1]
