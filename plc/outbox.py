"""Tells the line what was disposed of, again and again until storage has it."""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from contracts.errors import LinkDown
from contracts.messages import Disposition
from contracts.names import Topics
from plc.journal_schema import open_database
from runtime.mqtt import MqttLink
from runtime.worker import Stop

log = structlog.get_logger()

SEND_AGAIN_AFTER_S = 5.0
_SCAN_EVERY_S = 0.5
_PAGE = 100
_FRESH_LIMIT = 10_000


class DispositionOutbox:
    """Publishes fresh dispositions at once and, behind them, what the journal has unstored."""

    def __init__(self, journal: Path, link: MqttLink, topics: Topics) -> None:
        self._journal, self._link, self._topics = journal, link, topics
        self._fresh: queue.Queue[Disposition] = queue.Queue(_FRESH_LIMIT)
        self._sent_s: dict[tuple[str, int], float] = {}
        self._cursor = 0

    def tell(self, dispositions: Sequence[Disposition]) -> None:
        """News. What finds no room here is in the journal, and told from there."""
        for disposition in dispositions:
            try:
                self._fresh.put_nowait(disposition)
            except queue.Full:
                return

    def run(self, stop: Stop) -> None:
        """The thread's body."""
        database = open_database(self._journal)
        scan_s = 0.0
        while not stop.is_set():
            self._send_fresh()
            if time.monotonic() >= scan_s:
                self._send_unstored(database)
                scan_s = time.monotonic() + _SCAN_EVERY_S
        database.close()

    def _send_fresh(self) -> None:
        try:
            disposition = self._fresh.get(timeout=_SCAN_EVERY_S)
        except queue.Empty:
            return
        self._send(disposition)

    def _send_unstored(self, database: sqlite3.Connection) -> None:
        """One page of the backlog; the next call takes the next one, in the end the first."""
        rows = database.execute(
            "SELECT id, body FROM dispositions WHERE stored < revision AND id > ?"
            " ORDER BY id LIMIT ?",
            (self._cursor, _PAGE),
        ).fetchall()
        self._cursor = rows[-1][0] if len(rows) == _PAGE else 0
        if not rows:
            self._sent_s.clear()
        for _, body in rows:
            disposition = Disposition.model_validate_json(body)
            if self._is_due(disposition) and not self._send(disposition):
                return

    def _is_due(self, disposition: Disposition) -> bool:
        sent_s = self._sent_s.get((str(disposition.part), disposition.revision))
        return sent_s is None or time.monotonic() - sent_s >= SEND_AGAIN_AFTER_S

    def _send(self, disposition: Disposition) -> bool:
        topic = self._topics.disposition(disposition.part.station)
        try:
            self._link.publish(topic, disposition.model_dump_json().encode())
        except LinkDown as error:
            log.debug("disposition_not_sent", part=str(disposition.part), reason=error.reason)
            return False
        if len(self._sent_s) >= _FRESH_LIMIT:
            self._sent_s.clear()
        self._sent_s[str(disposition.part), disposition.revision] = time.monotonic()
        return True
