"""Asks cameras for pictures through the stream ``triggers:<station>``. A trigger is for now."""

from __future__ import annotations

import queue
from collections.abc import Callable

import redis
import structlog

from contracts.errors import TransientError
from contracts.messages import Trigger
from contracts.names import INGEST_GROUP, triggers
from runtime.messaging.streams import append
from runtime.messaging.trim import trim_consumed
from runtime.process.clock import Clock
from runtime.process.loop import Stop

log = structlog.get_logger()

KEPT_TRIGGERS = 1000
_TRIM_EVERY = 200
_ATTEMPTS = 2  # the first command after a restart of Redis meets the dead connection


class CameraTriggers:
    """Writes triggers from a thread of its own, so that a dead Redis delays nobody."""

    def __init__(
        self, frames: redis.Redis, clock: Clock, on_failed: Callable[[Trigger], object]
    ) -> None:
        self._frames = frames
        self._clock = clock
        self._on_failed = on_failed
        self._queue: queue.Queue[Trigger] = queue.Queue()
        self._written = 0

    def ask(self, trigger: Trigger) -> None:
        """Ask for this part's picture. Returns at once; ``on_failed`` is called on a failure."""
        self._queue.put(trigger)

    def run(self, stop: Stop) -> None:
        """The thread's body."""
        while not stop.is_set():
            try:
                trigger = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            if not self._asked_in_time(trigger):
                self._on_failed(trigger)

    def _asked_in_time(self, trigger: Trigger) -> bool:
        for _ in range(_ATTEMPTS):
            if self._clock.now().ms_since(trigger.started_at) >= trigger.deadline_ms:
                return False
            try:
                append(
                    self._frames,
                    triggers(trigger.part.station),
                    {"trigger": trigger.model_dump_json().encode()},
                )
            except TransientError as error:
                log.warning("trigger_not_written", part=str(trigger.part), reason=str(error))
            else:
                self._trim_now_and_then(triggers(trigger.part.station))
                return True
        return False

    def _trim_now_and_then(self, stream: str) -> None:
        self._written += 1
        if self._written % _TRIM_EVERY:
            return
        try:
            trim_consumed(self._frames, stream, [INGEST_GROUP], KEPT_TRIGGERS)
        except TransientError as error:
            log.warning("triggers_not_trimmed", stream=stream, reason=str(error))
