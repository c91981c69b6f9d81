"""Rates and intervals; a rate without cases is None, never 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest

DECIMALS = 4


def rounded(value: float) -> float:
    return round(float(value), DECIMALS)


def rate(count: float, total: float) -> float | None:
    """Return count / total; None if total is 0."""
    return rounded(count / total) if total else None


def mean(values: Sequence[float]) -> float | None:
    """Return the mean; None if there are no values."""
    return rounded(float(np.mean(values))) if len(values) else None


def interval(count: int, total: int) -> tuple[float, float] | None:
    """Return the exact binomial 95 % interval of count / total (Clopper and Pearson 1934)."""
    if not total:
        return None
    found = binomtest(count, total).proportion_ci(0.95, method="exact")
    return rounded(found.low), rounded(found.high)
