"""Which verdict goes out next: those that can still clear a part first, the rest behind them."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from contracts.identity import Stamp
from contracts.messages import Verdict
from runtime.messaging.streams import Entry

LATE_KEPT = 4096


class Outgoing(NamedTuple):
    """A verdict on its way out, with the outbox entry that holds it."""

    entry: Entry
    verdict: Verdict

    def is_late(self, now: Stamp) -> bool:
        """Whether its part's deadline has passed, so that it cannot change what happens to it."""
        return now.ms_since(self.verdict.started_at) > self.verdict.deadline_ms


class SendOrder:
    """A queue in two lanes. Late ones beyond a bound are forgotten here: the outbox has them."""

    def __init__(self, late_kept: int = LATE_KEPT) -> None:
        self._fresh: deque[Outgoing] = deque()
        self._late: deque[Outgoing] = deque(maxlen=late_kept)

    def __len__(self) -> int:
        return len(self._fresh) + len(self._late)

    def put(self, outgoing: Outgoing, now: Stamp) -> None:
        """Queue a verdict in the lane that it belongs to now."""
        (self._late if outgoing.is_late(now) else self._fresh).append(outgoing)

    def next(self, now: Stamp, *, late_too: bool = True) -> Outgoing | None:
        """The verdict that goes next; it leaves the queue. None when there is none."""
        while self._fresh:
            outgoing = self._fresh.popleft()
            if not outgoing.is_late(now):
                return outgoing
            self._late.append(outgoing)
        return self._late.popleft() if self._late and late_too else None

    def put_back(self, outgoing: Outgoing) -> None:
        """It could not be sent: it is looked at first when there is a next time."""
        self._fresh.appendleft(outgoing)
