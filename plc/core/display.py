"""Which result the registers show, one at a time. Pure.

A pass in time goes first and stays until it is acknowledged or its time is up. Anything else asks
for nothing (its slot is a reject already), so it gives way to a waiting pass after a short hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.causes import Decision
from contracts.identity import Stamp
from plc.core.part import Part, PartPhase


@dataclass
class Display:
    """What is shown and what waits.

    Attributes:
        hold_ns: the least time that a result which is no pass stays, so that a PLC can read it.
        unread_ns: after so long such a result may be replaced unacknowledged: an overrun.
    """

    hold_ns: int
    unread_ns: int
    shown: Part | None = None
    shown_ns: int = 0
    waiting: list[Part] = field(default_factory=list)

    def offer(self, part: Part) -> None:
        """A part whose decision the journal has."""
        self.waiting.append(part)

    def next(self, now: Stamp, *, buffered: bool) -> Part | None:
        """The waiting part to show now, if the place is free for it. It waits no longer."""
        if not self.waiting:
            return None
        first = min(self.waiting, key=lambda part: _rank(part, now))
        if not self._gives_way(first, now, buffered):
            return None
        self.waiting.remove(first)
        return first

    def show(self, part: Part, now: Stamp) -> bool:
        """Put a part on the registers. Returns whether an unread result was overrun by it."""
        replaced = self.shown
        overrun = (
            replaced is not None
            and replaced.phase is PartPhase.PRESENTED
            and now.monotonic_ns - self.shown_ns >= self.unread_ns
        )
        self.shown = part
        self.shown_ns = now.monotonic_ns
        return overrun

    def drop(self, part: Part) -> None:
        """The part is neither shown nor waits any more."""
        if self.shown is part:
            self.shown = None
        if part in self.waiting:
            self.waiting.remove(part)

    def take_stale(self, now: Stamp) -> list[Part]:
        """Results other than a pass that have waited too long to be of use."""
        stale = [
            part
            for part in self.waiting
            if not part.is_pass and now.monotonic_ns - part.decided_ns >= self.unread_ns
        ]
        self.waiting = [part for part in self.waiting if part not in stale]
        return stale

    def clear(self) -> None:
        """Show nothing, and nothing waits."""
        self.shown = None
        self.waiting = []

    def _gives_way(self, first: Part, now: Stamp, buffered: bool) -> bool:
        shown = self.shown
        if shown is None:
            return True
        if shown.is_pass:
            return False
        if shown.phase is not PartPhase.PRESENTED:
            return True
        quick = first.is_pass or not buffered
        return now.monotonic_ns - self.shown_ns >= (self.hold_ns if quick else self.unread_ns)


def _rank(part: Part, now: Stamp) -> tuple[int, int]:
    if part.is_pass and part.in_time(now):
        return 0, part.deadline_ns
    if part.decision is Decision.REJECT and part.in_time(now):
        return 1, part.decided_ns
    return 2, part.decided_ns
