"""Durations summed up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Self

from contracts.percentiles import nearest_rank


@dataclass(frozen=True)
class Spread:
    """Milliseconds: percentiles (nearest rank), largest and mean of ``count`` durations."""

    count: int
    p50: float
    p95: float
    p99: float
    largest: float
    mean: float

    @classmethod
    def of(cls, values_ms: Sequence[float]) -> Self:
        """Sum up durations; raise ValueError if there are none."""
        if not values_ms:
            raise ValueError("nothing was measured")
        ranked = sorted(values_ms)
        p50, p95, p99 = (ranked[nearest_rank(len(ranked), each) - 1] for each in (50, 95, 99))
        return cls(len(values_ms), p50, p95, p99, max(values_ms), fmean(values_ms))

    @property
    def tail(self) -> float:
        """p99 over p50."""
        return self.p99 / self.p50

    @property
    def a_second(self) -> float:
        """How many fit into a second, one after the other."""
        return 1e3 / self.mean

    def rounded(self) -> dict[str, float]:
        names = ("p50", "p95", "p99", "largest", "mean")
        return {name: round(getattr(self, name), 2) for name in names}
