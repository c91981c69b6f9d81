"""Watches how full the journal is: at its bound no verdict can be recorded."""

from __future__ import annotations

import time
from typing import Any

import redis
import structlog

from contracts.process_state import Condition
from runtime.messaging.redis_link import address, translate_errors
from runtime.process.metrics import JOURNAL_USED_SHARE
from runtime.process.open_conditions import OpenConditions

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
ALARM_SHARE = 0.7
"""Time to act is what is left: storage that is away fills the rest."""


class JournalWatch:
    """Measures at intervals, sets the metric, and says when the journal is nearly full, or full."""

    def __init__(self, journal: redis.Redis, conditions: OpenConditions | None = None) -> None:
        self._journal = journal
        self._server = address(journal)
        self._conditions = conditions or OpenConditions()
        self._look_at_s = 0.0
        self._said = ""

    def look(self) -> None:
        """Measure if it is due. Raises Unavailable."""
        now_s = time.monotonic()
        if now_s < self._look_at_s:
            return
        self._look_at_s = now_s + LOOK_EVERY_S
        with translate_errors(self._server):
            memory: Any = self._journal.info("memory")
        used, bound = memory["used_memory"], memory["maxmemory"]
        share = used / bound if bound else 0.0
        JOURNAL_USED_SHARE.set(share)
        self._say(share, used, bound)

    def _say(self, share: float, used: int, bound: int) -> None:
        code = _code(share)
        detail = f"at least {int(10 * share) * 10} % of {bound / 1e6:.0f} MB are used"
        found = [Condition(code=code, detail=detail)] if code else []
        self._conditions.put("journal-watch", *found)
        if code and code != self._said:
            log.error(code, server=str(self._server), used_bytes=used, of_bytes=bound)
        self._said = code


def _code(share: float) -> str:
    if share >= 1:
        return "journal_full"
    return "journal_nearly_full" if share >= ALARM_SHARE else ""
