"""Plays the script: triggers from Redis, verdicts to the broker, as camera and inference would."""

from __future__ import annotations

import heapq
import threading
import time
from itertools import count
from typing import Any

import redis
import structlog

from benchmarks.plc.script import Fate, Said, Script, verdict_of
from contracts.errors import Unavailable
from contracts.messages import Trigger
from contracts.names import Topics, triggers
from contracts.parsing import parse
from contracts.process_state import Role, Status
from contracts.release import Release
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.state import StateBoard
from runtime.process.clock import SystemClock

log = structlog.get_logger()

LONGEST_WAIT_MS = 50


class Inspection:
    """In a thread of its own.

    Attributes:
        said: by part, what was done about it.
    """

    def __init__(
        self, broker: Broker, topics: Topics, frames_url: str, release: Release, script: Script
    ) -> None:
        self.said: dict[str, Said] = {}
        self._release = release
        self._script = script
        self._topics = topics
        self._clock = SystemClock()
        self._frames: Any = redis.Redis.from_url(frames_url)  # its types know no plain XREAD reply
        self._link = MqttLink(broker, topics, "script")
        self._boards = [
            StateBoard(self._link, topics, role, role, self._clock)
            for role in (Role.INGEST, Role.INFERENCE)
        ]
        self._due: list[tuple[int, int, Trigger, Fate]] = []
        self._number = count()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="script", daemon=True)
        self.failed: BaseException | None = None

    def start(self) -> None:
        """Configure the station and begin to answer."""
        self._link.start()
        if not self._link.wait_connected(30):
            raise RuntimeError("the script has no broker")
        body = self._release.model_dump_json().encode()
        self._link.publish(self._topics.config(self._release.station), body, retain=True).wait(30)
        self._thread.start()

    def stop(self) -> None:
        """Say nothing more. Raises what ended the thread, if anything did."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        self._link.stop()
        if self.failed is not None:
            raise self.failed

    @property
    def is_silent(self) -> bool:
        """Whether nothing waits to be said."""
        return not self._due

    def _run(self) -> None:
        stream, position = triggers(self._release.station), "0"
        try:
            while not self._over.is_set():
                self._tell()
                found = self._frames.xread({stream: position}, 100, block=self._wait_ms())
                for entry, fields in found[0][1] if found else ():
                    position = entry
                    self._plan(parse(Trigger, fields[b"trigger"], stream))
                self._send_due()
        except BaseException as error:
            self.failed = error

    def _tell(self) -> None:
        station = self._release.station
        for board in self._boards:
            board.publish(
                Status(
                    ready=True,
                    stations=(station,),
                    releases={station: self._release.release_id},
                )
            )

    def _wait_ms(self) -> int:
        """Until the next verdict is due. Redis takes 0 for ever."""
        if not self._due:
            return LONGEST_WAIT_MS
        left_ms = (self._due[0][0] - time.monotonic_ns()) // 1_000_000
        return max(1, min(LONGEST_WAIT_MS, left_ms))

    def _plan(self, trigger: Trigger) -> None:
        fate, after_ms = self._script.of(trigger)
        self.said[str(trigger.part)] = Said(trigger, fate, f"scripted-{trigger.part}")
        if fate is not Fate.LOST:
            due_ns = trigger.started_at.monotonic_ns + round(after_ms * 1e6)
            heapq.heappush(self._due, (due_ns, next(self._number), trigger, fate))

    def _send_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic_ns():
            _, _, trigger, fate = self._due[0]
            now, key = self._clock.now(), str(trigger.part)
            verdict = verdict_of(trigger, fate, self._release.release_id, now)
            topic = self._topics.verdict(trigger.part.station)
            try:
                self._link.publish(topic, verdict.model_dump_json().encode())
            except Unavailable as error:
                log.warning("not_sent_yet", part=key, reason=error.reason)
                return
            heapq.heappop(self._due)
            self.said[key] = self.said[key]._replace(sent_ns=now.monotonic_ns)
