"""Publishes dispositions from the bridge's journal, again and again until storage has them.

Verdicts have an outbox of their own (`runtime.messaging.outbox`), on purpose: several processes
write verdicts and must agree on the first one, so those are in Redis. The bridge is the only one
who writes dispositions, and its journal must hold them even if every other process is lost.
"""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import structlog
from prometheus_client import Gauge

from contracts.errors import Unavailable
from contracts.messages import Disposition
from contracts.names import Topics
from plc.journal.schema import open_database
from runtime.process.clock import Clock
from runtime.process.loop import Stop

log = structlog.get_logger()

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 60.0
LONG_BACKLOG = 10_000
"""An alarm if storage has not confirmed this many: a quarter of an hour at 10 parts/s."""
UNSTORED = Gauge("referee_bridge_unstored_dispositions", "Dispositions storage has not confirmed")
_SCAN_EVERY_S = 0.5
_PAGE = 100
_FRESH_LIMIT = 10_000


class Link(Protocol):
    """Sends a message, or raises Unavailable."""

    def publish(self, topic: str, payload: bytes) -> object: ...


class DispositionOutbox:
    """Publishes fresh dispositions at once and, behind them, what the journal has unstored."""

    def __init__(self, journal: Path, link: Link, topics: Topics, clock: Clock) -> None:
        self._journal = journal
        self._link = link
        self._topics = topics
        self._clock = clock
        self._fresh: queue.Queue[Disposition] = queue.Queue(_FRESH_LIMIT)
        self._sent_s: dict[tuple[str, int], float] = {}
        self._cursor = 0
        self._round_s = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._answered = self._is_long = False

    def publish(self, dispositions: Sequence[Disposition]) -> None:
        """Publish new dispositions soon. Those that find no room are published from the journal."""
        for disposition in dispositions:
            try:
                self._fresh.put_nowait(disposition)
            except queue.Full:
                return

    def storage_answered(self) -> None:
        """Note that storage has confirmed something, so that it is there."""
        self._answered = True

    def run(self, stop: Stop) -> None:
        """The thread's body."""
        database = open_database(self._journal)
        scan_s = 0.0
        while not stop.is_set():
            self._send_fresh()
            if time.monotonic() >= scan_s:
                self.scan(database)
                scan_s = time.monotonic() + _SCAN_EVERY_S
        database.close()

    def _send_fresh(self) -> None:
        try:
            disposition = self._fresh.get(timeout=_SCAN_EVERY_S)
        except queue.Empty:
            return
        self._send(disposition)

    def scan(self, database: sqlite3.Connection) -> None:
        """One page of the backlog, if it is time for it; the end of the last page ends the round.

        The next round comes after a pause, twice as long as the one before while storage says
        nothing: what it cannot take would only fill the broker.
        """
        self._note_backlog(database)
        if self._answered:
            self._answered = False
            self._soon(FIRST_PAUSE_S)
        if self._now_s() < self._round_s:
            return
        rows = database.execute(
            "SELECT id, body FROM dispositions WHERE stored < revision AND id > ?"
            " ORDER BY id LIMIT ?",
            (self._cursor, _PAGE),
        ).fetchall()
        for row, body in rows:
            disposition = Disposition.model_validate_json(body)
            if self._is_due(disposition) and not self._send(disposition):
                return
            self._cursor = row
        if len(rows) < _PAGE:
            self._end_round()

    def _end_round(self) -> None:
        self._cursor = 0
        self._round_s = self._now_s() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def _soon(self, within_s: float) -> None:
        """Storage or the broker is back: end a long pause."""
        self._pause_s = FIRST_PAUSE_S
        self._round_s = min(self._round_s, self._now_s() + within_s)

    def _note_backlog(self, database: sqlite3.Connection) -> None:
        ((count,),) = database.execute("SELECT count(*) FROM dispositions WHERE stored < revision")
        UNSTORED.set(count)
        is_long = count >= LONG_BACKLOG
        if is_long != self._is_long:
            say = log.error if is_long else log.info
            say("dispositions_not_stored", count=count, bound=LONG_BACKLOG)
        self._is_long = is_long

    def _now_s(self) -> float:
        return self._clock.now().monotonic_ns / 1e9

    def _is_due(self, disposition: Disposition) -> bool:
        sent_s = self._sent_s.get((str(disposition.part), disposition.revision))
        return sent_s is None or self._now_s() - sent_s >= FIRST_PAUSE_S

    def _send(self, disposition: Disposition) -> bool:
        topic = self._topics.disposition(disposition.part.station)
        try:
            self._link.publish(topic, disposition.model_dump_json().encode())
        except Unavailable as error:
            log.debug("disposition_not_sent", part=str(disposition.part), reason=error.reason)
            self._soon(0)
            return False
        if len(self._sent_s) >= _FRESH_LIMIT:
            self._sent_s.clear()
        self._sent_s[str(disposition.part), disposition.revision] = self._now_s()
        return True
