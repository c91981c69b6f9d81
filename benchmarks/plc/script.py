"""The script that replaces camera and inference: the verdict for each part, and when it comes.

Everything of a part follows from the seed and the part's sequence: whether it is a pass or a
reject, and when its verdict is sent, counted from its trigger. A late one is always a pass, the
only verdict that could do harm, and is sent after the part's deadline.
"""

from __future__ import annotations

import random
from enum import StrEnum
from typing import NamedTuple

from contracts.causes import Decision
from contracts.identity import Stamp
from contracts.messages import Trigger, Verdict


class Fate(StrEnum):
    """What the script does about a part."""

    PASS = "pass"
    REJECT = "reject"
    LATE_PASS = "late pass"
    LOST = "lost"  # no verdict ever comes


class Mixture(NamedTuple):
    """Shares of the parts; what they leave is passes. Times are from the trigger, in ms."""

    late: float = 0.02
    lost: float = 0.01
    reject: float = 0.2
    soonest_ms: float = 20.0
    latest_ms: float = 120.0
    late_by_ms: float = 400.0


class Said(NamedTuple):
    """What the script did about a part.

    Attributes:
        sent_ns: monotonic time at which its verdict was sent; None if it was not.
    """

    trigger: Trigger
    fate: Fate
    verdict_id: str
    sent_ns: int | None = None

    @property
    def was_in_time(self) -> bool:
        """Sent before the deadline. The machine may have delayed one that was to be."""
        started_ns = self.trigger.started_at.monotonic_ns
        deadline_ns = started_ns + self.trigger.deadline_ms * 1_000_000
        return self.sent_ns is not None and self.sent_ns < deadline_ns

    @property
    def may_pass(self) -> bool:
        """Whether a gate that lets this part through is right."""
        return self.fate is Fate.PASS and self.was_in_time


class Script:
    """Fate and time of each part."""

    def __init__(self, mixture: Mixture, seed: int) -> None:
        self._mixture = mixture
        self._seed = seed

    def of(self, trigger: Trigger) -> tuple[Fate, float]:
        """Fate of a part, and how long after its trigger the verdict is sent, in ms."""
        mixture = self._mixture
        dice = random.Random(self._seed * 1_000_003 + trigger.part.trigger_seq)
        draw, when = dice.random(), dice.random()
        if draw < mixture.lost:
            return Fate.LOST, 0.0
        if draw < mixture.lost + mixture.late:
            # A little behind the deadline: the bridge's clock is this one, its tick is not.
            return Fate.LATE_PASS, trigger.deadline_ms + 30 + when * mixture.late_by_ms
        fate = Fate.REJECT if dice.random() < mixture.reject else Fate.PASS
        return fate, mixture.soonest_ms + when * (mixture.latest_ms - mixture.soonest_ms)


def verdict_of(trigger: Trigger, fate: Fate, release_id: str, now: Stamp) -> Verdict:
    """The message."""
    return Verdict(
        verdict_id=f"scripted-{trigger.part}",
        part=trigger.part,
        part_id=trigger.part_id,
        decision=Decision.REJECT if fate is Fate.REJECT else Decision.PASS,
        release_id=release_id,
        started_at=trigger.started_at,
        captured_at=trigger.started_at,
        decided_at=now,
        deadline_ms=trigger.deadline_ms,
    )
