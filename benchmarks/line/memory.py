"""Whether memory grows with the parts: slopes of samples, and how sure they are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from scipy import stats

from benchmarks.line.process_usage import SIMULATED

PER_PARTS = 10_000
WARM_UP_SHARE = 0.2
"""Of the parts: caches fill, allocators find their size."""
FEWEST_SAMPLES = 10
TOTAL = "servers and stages"
BUT_REDIS = "all of these but Redis"
"""Redis has a bound of its own, and its journal keeps a part's name for an hour."""


class Sample(NamedTuple):
    """One look.

    Attributes:
        parts: that have their verdict.
        pss_mb: by process.
        redis_mb: memory that each Redis reports as used.
    """

    parts: int
    pss_mb: Mapping[str, float]
    redis_mb: Mapping[str, float]

    @property
    def mb(self) -> dict[str, float]:
        """Return memory by process name, and what each Redis reports about itself."""
        own = {name: mb for name, mb in self.pss_mb.items() if name not in SIMULATED}
        total = sum(own.values())
        but_redis = total - sum(own.get(name, 0.0) for name in self.redis_mb)
        reported = {f"{name}, used_memory": mb for name, mb in self.redis_mb.items()}
        return {TOTAL: total, BUT_REDIS: but_redis, **self.pss_mb, **reported}


class Slope(NamedTuple):
    """Megabytes per 10,000 parts (Theil and Sen), and their 95 % interval.

    The interval takes samples for independent, so it is rather too narrow than too wide.
    """

    mb: float
    low: float
    high: float


class RedisEnd(NamedTuple):
    """A Redis when all parts were through.

    Attributes:
        largest_mb: of all looks.
        bound_mb: ``maxmemory``.
        streams: entries in each.
    """

    largest_mb: float
    bound_mb: float
    keys: int
    streams: Mapping[str, int]


@dataclass(frozen=True)
class MemoryRun:
    """Looks at regular intervals while parts went through."""

    every_s: float
    samples: Sequence[Sample]
    redis: Mapping[str, RedisEnd]


def while_parts_came(samples: Sequence[Sample]) -> list[Sample]:
    """Looks until the last part had its verdict, parts counted from the first look on."""
    first, last = samples[0].parts, samples[-1].parts
    there = next(place for place, one in enumerate(samples) if one.parts == last)
    return [one._replace(parts=one.parts - first) for one in samples[: there + 1]]


def settled(samples: Sequence[Sample]) -> list[Sample]:
    """Those after the warm-up."""
    parts = samples[-1].parts if samples else 0
    return [one for one in samples if one.parts >= WARM_UP_SHARE * parts]


def slopes(samples: Sequence[Sample]) -> dict[str, Slope]:
    """Return the slope of every series that each sample has; empty if samples are too few."""
    looks = settled(samples)
    parts = [one.parts / PER_PARTS for one in looks]
    if len(set(parts)) < FEWEST_SAMPLES:
        return {}
    found = {}
    for name in looks[0].mb:
        slope, _, low, high = stats.theilslopes([one.mb[name] for one in looks], parts, 0.95)
        found[name] = Slope(float(slope), float(low), float(high))
    return found


def as_json(run: MemoryRun) -> dict[str, Any]:
    """For the report, the samples with it."""
    looks = [one.mb for one in run.samples]
    return {
        "parts": run.samples[-1].parts,
        "every_s": run.every_s,
        "warm_up_share": WARM_UP_SHARE,
        "mb_per_10000_parts": {
            name: {part: round(mb, 3) for part, mb in slope._asdict().items()}
            for name, slope in slopes(run.samples).items()
        },
        "redis": {name: _rounded(end) for name, end in run.redis.items()},
        "samples": {
            "parts": [one.parts for one in run.samples],
            "mb": {name: [round(look[name], 2) for look in looks] for name in looks[0]},
        },
    }


def _rounded(end: RedisEnd) -> dict[str, Any]:
    values = end._asdict() | {"streams": dict(sorted(end.streams.items()))}
    return values | {name: round(values[name], 2) for name in ("largest_mb", "bound_mb")}
