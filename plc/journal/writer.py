"""The thread that writes the journal: it commits whatever waits, together, at once.

Nothing is held back to make a group larger: while one commit waits for the disk, what comes in
meanwhile is the next group. So a part alone pays one flush, and a burst does not pay one each.
"""

from __future__ import annotations

import queue
import sqlite3
from collections.abc import Callable, Sequence

import structlog
from prometheus_client import Counter, Histogram

from contracts.errors import FatalError
from contracts.process_state import Condition
from plc.core.effects import JournalOp
from plc.journal.journal import Applied, Journal
from runtime.process.database_errors import database_condition
from runtime.process.loop import Stop

log = structlog.get_logger()

COMMIT_SECONDS = Histogram(
    "referee_bridge_commit_seconds",
    "Time that a commit of the bridge's journal takes",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0),
)
REFUSED = Counter(
    "referee_bridge_not_journaled", "Operations of other processes that the journal cannot hold"
)
UNWRITABLE = (OverflowError, ValueError, sqlite3.Error)
LARGEST_BACKLOG = 100_000
LARGEST_GROUP = 512
FIRST_RETRY_S, LONGEST_RETRY_S = 0.02, 1.0


class JournalWriter:
    """Takes operations from the bridge, commits them in order, reports each when it is durable."""

    def __init__(self, journal: Journal, on_commit: Callable[[Sequence[Applied]], object]) -> None:
        self._journal = journal
        self._on_commit = on_commit
        self._queue: queue.Queue[JournalOp] = queue.Queue()
        self.up = True
        self.trouble: Condition | None = None

    def submit(self, op: JournalOp) -> None:
        """Queue one operation. Raises FatalError if too many wait for the disk."""
        if self._queue.qsize() >= LARGEST_BACKLOG:
            raise FatalError(
                f"{self._journal.path}: {LARGEST_BACKLOG} operations wait to be written: is "
                "the disk full or broken?"
            )
        self._queue.put(op)

    def run(self, stop: Stop) -> None:
        """Run until ``stop``, then commit what still waits, if the disk allows."""
        while not (stop.is_set() and self._queue.empty()):
            group = self._next_group()
            if group and not self._commit(group, stop):
                return

    def _next_group(self) -> list[JournalOp]:
        try:
            group = [self._queue.get(timeout=0.2)]
        except queue.Empty:
            return []
        while len(group) < LARGEST_GROUP and not self._queue.empty():
            group.append(self._queue.get_nowait())
        return group

    def _commit(self, group: list[JournalOp], stop: Stop) -> bool:
        """Commit one group, however long that takes. Return False if ``stop`` came first."""
        delay_s = FIRST_RETRY_S
        try:
            while (applied := self._applied(group)) is None:
                if stop.wait(delay_s):
                    return False
                delay_s = min(2 * delay_s, LONGEST_RETRY_S)
        except UNWRITABLE as error:
            return self._commit_each(group, error, stop)
        self._on_commit(applied)
        return True

    def _commit_each(self, group: list[JournalOp], error: Exception, stop: Stop) -> bool:
        """Commit all of a group but what cannot be written; nothing of the group is done yet.

        Raises:
            the error itself, where the ledger needs what cannot be written.
        """
        if len(group) > 1:
            return all(self._commit([op], stop) for op in group)
        if not group[0].may_be_dropped:
            raise error
        REFUSED.inc()
        log.error("not_journaled", what=type(group[0]).__name__, reason=repr(error))
        return True

    def _applied(self, group: list[JournalOp]) -> list[Applied] | None:
        try:
            with COMMIT_SECONDS.time():
                applied = self._journal.apply(group)
        except sqlite3.OperationalError as error:
            self.up = False
            code, detail = database_condition(error), f"{self._journal.path}: {error}"
            self.trouble = Condition(code=code, detail=detail)
            log.error("journal_down", path=str(self._journal.path), reason=str(error))
            return None
        self.up = True
        self.trouble = None
        return applied
