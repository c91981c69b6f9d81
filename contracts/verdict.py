"""How a verdict is made: findings and rules in, decision and reasons out. Pure.

A prompt has findings if its presence logit is above 0 and, pixel by pixel, its Anomaly token beats
its Background token: no score to tune. Its rules (``contracts.rules``) decide which of the findings
count, and whether those reject the part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from contracts.causes import Decision
from contracts.messages import Reason
from contracts.prompt import Prompt
from contracts.rules import Region

R = TypeVar("R", bound=Region)


def counting(prompt: Prompt, regions: Iterable[R]) -> list[R]:
    """Return the findings of a prompt that count: those that pass all of its filters."""
    filters = prompt.filters.values()
    return [region for region in regions if all(rule.counts(region) for rule in filters)]


def broken_rules(prompt: Prompt, counted: Sequence[Region], unit: str) -> list[Reason]:
    """Return a reason for each limit of a prompt that is exceeded.

    Args:
        counted: every finding of the prompt that counts.
        unit: of lengths, ``mm`` or ``px``.
    """
    measured = {name: limit.broken(counted, unit) for name, limit in prompt.limits.items()}
    return [
        Reason(prompt=prompt.name, rule=name, **broken._asdict())
        for name, broken in measured.items()
        if broken is not None
    ]


def decision(reasons: Sequence[Reason]) -> Decision:
    """Return reject if any rule was broken, else pass."""
    return Decision.REJECT if reasons else Decision.PASS
