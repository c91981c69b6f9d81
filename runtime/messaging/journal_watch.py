"""Watches how full the journal is: at its bound no verdict can be recorded."""

from __future__ import annotations

import time
from typing import Any

import redis
import structlog

from runtime.messaging.redis_link import address, translate_errors
from runtime.process.metrics import JOURNAL_USED_SHARE

log = structlog.get_logger()

LOOK_EVERY_S = 10.0
ALARM_SHARE = 0.7
"""Time to act is what is left: storage that is away fills the rest."""


class JournalWatch:
    """Measures at intervals, sets the metric, and logs an error when nearly full."""

    def __init__(self, journal: redis.Redis) -> None:
        self._journal = journal
        self._server = address(journal)
        self._look_at_s = 0.0

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
        if share >= ALARM_SHARE:
            log.error("journal_nearly_full", server=self._server, used_bytes=used, of_bytes=bound)
