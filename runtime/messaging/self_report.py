"""Publishes the state of a process that does one thing, from a thread of its own.

So the process says what is wrong also while its work hangs.
"""

from __future__ import annotations

from collections.abc import Callable

from contracts.process_state import Condition, Status
from runtime.messaging.state import Board
from runtime.process.open_conditions import OpenConditions
from runtime.process.step_watch import StepWatch

LOOK_EVERY_S = 0.2


class SelfReport:
    """Ready is a process whose work was done at least once and has no alarm."""

    def __init__(
        self,
        board: Board,
        work: StepWatch,
        conditions: OpenConditions,
        *watches: Callable[[], tuple[Condition, ...]],
        pause: Callable[[float], object],
        status: Callable[[], Status] = Status,
    ) -> None:
        """Wire the report.

        Args:
            watches: return what else is wrong.
            pause: sleeps for seconds.
            status: returns what else readers should know; the rest is filled in here.
        """
        self._board = board
        self._conditions = conditions
        self._watches = watches
        self._work = work
        self._pause = pause
        self._status = status

    def step(self) -> None:
        """Publish once, then pause."""
        self._board.publish(self.status())
        self._pause(LOOK_EVERY_S)

    def status(self) -> Status:
        """Return how the process is now."""
        found = list(self._conditions.current())
        for watch in self._watches:
            found += watch()
        alarms = [each.sentence for each in found if each.is_alarm]
        found += () if alarms else self._work.conditions()  # an alarm says why it is slow
        return self._status().model_copy(
            update={
                "ready": self._work.done_once and not alarms,
                "reason": next(iter(alarms), ""),
                "conditions": tuple(found),
            }
        )
