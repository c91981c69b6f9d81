"""The targets of the line, in one place, and how far a run is from each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from benchmarks.line.memory import BUT_REDIS
from benchmarks.line.scenario import DEADLINE_MS, TWICE

Report = Mapping[str, Any]
"""The JSON object of a run."""


class Target(NamedTuple):
    """One figure and its limit.

    Attributes:
        measured: None if the run did not measure it.
        at_least: True if the limit is a least value, False if it is a largest one.
        aim: a better value than the limit; None if there is none.
    """

    name: str
    measured: float | None
    limit: float
    at_least: bool = False
    aim: float | None = None

    @property
    def is_reached(self) -> bool | None:
        """Return whether the limit holds; None if it was not measured."""
        if self.measured is None:
            return None
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    @property
    def verdict(self) -> str:
        """Return the verdict as text, with the distance to the limit."""
        if self.measured is None:
            return "not measured"
        word = "reached" if self.is_reached else "**missed**"
        apart = abs(self.measured - self.limit)
        share = f" ({apart / self.limit:.0%})" if self.limit else ""
        return f"{word} by {apart:.3g}{share}"

    @property
    def wanted(self) -> str:
        """Return the limit as text."""
        aim = "" if self.aim is None else f", aim {self.aim:g}"
        return f"{'at least' if self.at_least else 'at most'} {self.limit:.4g}{aim}"


def targets(report: Report) -> list[Target]:
    """Return all targets, the most important first."""
    ratio = report["ratios"].get
    network_p50 = report["network_ms"]["p50"]
    twice = report["scenarios"].get(TWICE, {})
    slowest = twice.get("trigger_to_plc_ms", {}).get("largest")
    return [
        Target(
            "parts a second, the line's over the bare network's",
            *(ratio("line_vs_network_throughput"), 0.75, True, 0.9),
        ),
        Target(
            "capture to PLC at half load, p50 ms: 1.5 times the bare network's and 5 ms",
            *(report["capture_to_plc_ms"]["p50"], 1.5 * network_p50 + 5),
        ),
        Target("tail: p99 over p50, the line's over the bare network's", ratio("tail"), 2),
        Target("a part with 16 prompts over one with 1", ratio("prompts16_vs_1"), 1.6),
        Target("a part at 8 stations over one at 1", ratio("stations8_vs_1"), 1.1),
        Target(
            "frames a second over a network of the paper's size in torch",
            *(ratio("network_vs_paper_throughput"), 100, True),
        ),
        Target("memory of servers and stages, MB", report["memory_mb"]["total"], 1536),
        Target(
            "its growth over 10,000 parts, Redis left out, lower end of the interval, MB",
            *(_growth(report), 0),
        ),
        Target("memory of the fuller Redis over its bound", _redis_share(report), 1),
        Target("parts without any answer at twice the load", twice.get("unanswered"), 0),
        Target(
            "the slowest inspected part at twice the load, trigger to registers, ms",
            *(slowest, DEADLINE_MS),
        ),
    ]


def _growth(report: Report) -> float | None:
    found = report["memory_growth"]
    if not isinstance(found, Mapping):
        return None
    slope = found["mb_per_10000_parts"].get(BUT_REDIS)
    return slope and slope["low"]


def _redis_share(report: Report) -> float | None:
    found = report["memory_growth"]
    if not isinstance(found, Mapping):
        return None
    return max(end["largest_mb"] / end["bound_mb"] for end in found["redis"].values())
