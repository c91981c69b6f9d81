"""Watches a loop from outside: a step that hangs cannot say so itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from contracts.process_state import Condition

SLOW_AFTER_S = 2.0


class StepWatch:
    """Wraps a step. Says ``code`` while one call of it takes longer than 2 s.

    Attributes:
        done_once: whether a call has ended well.
    """

    def __init__(
        self, step: Callable[[], None], code: str, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._step = step
        self._code = code
        self._now_s = now_s
        self._began_s: float | None = None
        self.done_once = False

    def step(self) -> None:
        """Do the step."""
        self._began_s = self._now_s()
        try:
            self._step()
            self.done_once = True
        finally:
            self._began_s = None

    def conditions(self) -> tuple[Condition, ...]:
        """Return that the step hangs, or was never done yet."""
        began_s = self._began_s
        if began_s is not None and self._now_s() - began_s >= SLOW_AFTER_S:
            return (Condition(code=self._code),)
        return () if self.done_once else (Condition(code="starting"),)
