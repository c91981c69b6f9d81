"""Verdicts of the outbox that nobody has sent: those of now are not held up behind a backlog."""

from __future__ import annotations

from typing import Any

import redis

from contracts.errors import MalformedMessage
from contracts.identity import Stamp
from contracts.messages import Verdict
from contracts.names import VERDICTS
from contracts.parsing import parse
from runtime.messaging.redis_link import address, translate_errors
from runtime.messaging.send_order import Outgoing
from runtime.messaging.streams import Entry, StreamGroup

BATCH = 256


class FreshVerdicts:
    """Reads in order, a batch at a time, and looks at the stream's end for what cannot wait.

    After an outage of a day the group is hundreds of thousands of verdicts behind, of which each
    has missed its deadline. What is taken from the end stays the group's, and comes again when its
    turn has come: to this reader as nothing, to another process's as one more copy.
    """

    def __init__(self, journal: redis.Redis, group: StreamGroup) -> None:
        self._journal = journal
        self._group = group
        self._server = address(journal)
        self._ahead: set[str] = set()
        self._seen_to = "0-0"

    def read(self, block_ms: int) -> tuple[list[Entry], bool]:
        """The next entries, and whether more may wait. Raises Unavailable."""
        entries = self._group.read(BATCH, block_ms)
        unsent = [entry for entry in entries if entry.id not in self._ahead]
        is_behind = len(entries) == BATCH
        if entries:
            self._seen_to = max(self._seen_to, entries[-1].id, key=_place)
        if not is_behind:
            self._ahead.clear()
        return unsent, is_behind

    def ahead_of_turn(self, now: Stamp) -> list[Outgoing]:
        """Those at the stream's end that can still be in time, oldest first. Raises Unavailable."""
        with translate_errors(self._server):
            newest: Any = self._journal.xrevrange(VERDICTS, min=f"({self._seen_to}", count=BATCH)
        found = []
        for raw_id, fields in reversed(newest):
            entry = Entry(VERDICTS, raw_id.decode(), fields)
            self._seen_to = entry.id
            try:
                outgoing = outgoing_of(entry)
            except MalformedMessage:
                continue  # goes to the dead letters when its turn has come
            if not outgoing.is_late(now):
                found.append(outgoing)
        self._ahead.update(outgoing.entry.id for outgoing in found)
        return found


def outgoing_of(entry: Entry) -> Outgoing:
    """The verdict in an entry. Raises MalformedMessage."""
    return Outgoing(entry, parse(Verdict, entry.fields.get(b"verdict", b""), entry.stream))


def _place(entry_id: str) -> tuple[int, int]:
    milliseconds, number = entry_id.split("-")
    return int(milliseconds), int(number)
