"""How sure is a difference? Paired bootstrap over pictures (Efron and Tibshirani 1993).

Both networks saw the same pictures; a resample draws pictures with their answers from both, so
what is hard for everyone cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from benchmarks.peers.answers import Answer

RESAMPLES = 10_000
CONFIDENCE = 0.95
AT_ONCE = 500
"""Resamples held in memory together."""

Statistic = Callable[..., np.ndarray]


class Difference(NamedTuple):
    """Ours minus the other's, with the percentile interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether "no difference" is outside the interval."""
        return self.low > 0 or self.high < 0


def differences(
    ours: Sequence[Answer], other: Sequence[Answer], seed: int, resamples: int = RESAMPLES
) -> dict[str, Difference | None]:
    """mIoU and oIoU over defective parts, escapes over these and false rejects over good ones.

    Raises:
        ValueError: the two did not answer for the same pictures in the same order.
    """
    if [a.picture for a in ours] != [b.picture for b in other]:
        raise ValueError("the two were not measured on the same pictures")
    pairs = list(zip(ours, other, strict=True))
    bad = [pair for pair in pairs if pair[0].defective]
    good = [pair for pair in pairs if not pair[0].defective]

    def of(chosen: list[tuple[Answer, Answer]], statistic: Statistic, *fields: str) -> Difference:
        columns = [
            np.array([getattr(pair[side], field) for pair in chosen], float)
            for side in (0, 1)
            for field in fields
        ]
        return _interval(columns, statistic, seed, resamples)

    return {
        "miou": of(bad, mean_difference, "iou") if bad else None,
        "oiou": of(bad, ratio_difference, "intersection_px2", "union_px2") if bad else None,
        "escapes": of(bad, mean_difference, "passed") if bad else None,
        "false_rejects": of(good, mean_difference, "rejected") if good else None,
    }


def mean_difference(ours: np.ndarray, other: np.ndarray, axis: int = -1) -> np.ndarray:
    return ours.mean(axis=axis) - other.mean(axis=axis)


def ratio_difference(
    our_part: np.ndarray,
    our_whole: np.ndarray,
    other_part: np.ndarray,
    other_whole: np.ndarray,
    axis: int = -1,
) -> np.ndarray:
    """Of ratios of sums; a union is never empty, for the truth of a defective part is not."""
    return our_part.sum(axis=axis) / our_whole.sum(axis=axis) - other_part.sum(
        axis=axis
    ) / other_whole.sum(axis=axis)


def _interval(
    columns: list[np.ndarray], statistic: Statistic, seed: int, resamples: int
) -> Difference:
    value = float(statistic(*columns))
    if len(columns[0]) < 2:  # nothing to resample
        return Difference(value, float("nan"), float("nan"))
    found = stats.bootstrap(
        columns,
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        batch=AT_ONCE,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Difference(value, float(found.low), float(found.high))
