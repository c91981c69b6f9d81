"""How a verdict is made: findings and rules in, decision and reasons out. Pure.

A prompt has findings where its presence logit is above 0 and, pixel by pixel, its Anomaly token
beats its Background token: no score to tune. The rules below are the people's own, per prompt, in
the line's units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from contracts.causes import Decision
from contracts.messages import Finding, Reason
from contracts.release import Prompt, StationConfig


class Ruling(NamedTuple):
    """A decision and every rule that was broken; no reason, no reject."""

    decision: Decision
    reasons: tuple[Reason, ...]


def counts(prompt: Prompt, area: float) -> bool:
    """Whether a finding of this area (the station's unit) is large enough to count."""
    return area > 0 and area >= prompt.smallest_area


def rule(findings: Sequence[Finding], station: StationConfig) -> Ruling:
    """Hold a part's findings against its station's rules."""
    reasons = tuple(
        reason
        for prompt in station.prompts
        for reason in _broken_rules(
            prompt,
            [f for f in findings if f.prompt == prompt.name and f.counted],
            station.area_unit,
        )
    )
    return Ruling(Decision.REJECT if reasons else Decision.PASS, reasons)


def _broken_rules(prompt: Prompt, counted: Sequence[Finding], unit: str) -> list[Reason]:
    count, total = len(counted), sum(finding.area for finding in counted)
    broken = []
    without_limits = prompt.largest_count is None and prompt.largest_total_area is None
    if without_limits and count:
        broken.append(("any", float(count), 0.0, "findings"))
    if prompt.largest_count is not None and count > prompt.largest_count:
        broken.append(("largest_count", float(count), float(prompt.largest_count), "findings"))
    if prompt.largest_total_area is not None and total > prompt.largest_total_area:
        broken.append(("largest_total_area", total, prompt.largest_total_area, unit))
    return [
        Reason(prompt=prompt.name, rule=name, measured=measured, limit=limit, unit=of)
        for name, measured, limit, of in broken
    ]
