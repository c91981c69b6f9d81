"""Moves messages from the broker into the database. Acknowledges after the commit, never before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty

import structlog

from contracts.errors import TransientError, Unavailable
from contracts.messages import Stored, StoredItem
from contracts.names import SINK, Topics
from storage.config_keeper import ConfigKeeper
from storage.metrics import UNCONFIRMED, UNWRITABLE
from storage.ports import Incoming, Link
from storage.recorder import Recorder

log = structlog.get_logger()

WAIT_FOR_FIRST_S = 0.2


def subscriptions(topics: Topics) -> dict[str, int]:
    """Return the sink's topic filters and their QoS."""
    filters = (topics.verdict(), topics.disposition(), topics.config(), topics.state())
    return dict.fromkeys((*filters, topics.stations), 1)


class Sink:
    """Commits what is in the inbox, acknowledges it and confirms it to the outboxes.

    A batch that could not be committed is kept and tried again. Meanwhile the broker holds what
    the inbox has no room for, and the outboxes keep what was not confirmed.
    """

    def __init__(
        self,
        link: Link,
        topics: Topics,
        recorder: Recorder,
        keeper: ConfigKeeper,
        *,
        prepare: Callable[[], None],
        gather: Callable[[], object],
        largest_batch: int,
        name: str = SINK,
    ) -> None:
        """``gather`` waits a moment for others to come after a batch's first message."""
        self._link = link
        self._topics = topics
        self._recorder = recorder
        self._keeper = keeper
        self._prepare = prepare
        self._prepared = False
        self._gather = gather
        self._largest_batch = largest_batch
        self._name = name
        self._batch: list[Incoming] = []

    def step(self) -> None:
        """Store one batch, or wait a moment for messages.

        Raises:
            Unavailable: the database cannot be written right now; nothing was acknowledged.
        """
        try:
            self._step()
        except TransientError:
            UNWRITABLE.set(1)
            raise
        UNWRITABLE.set(0)

    def _step(self) -> None:
        if not self._prepared:
            self._prepare()
            self._prepared = True
        self._batch = self._batch or self._collect()
        if not self._batch:
            self._keeper.step()
            return
        items = self._recorder.commit(self._batch)
        committed, self._batch = self._batch, []
        for incoming in committed:
            incoming.ack()
        self._confirm(items)
        self._show_keeper(committed)

    def _collect(self) -> list[Incoming]:
        batch: list[Incoming] = []
        try:
            batch.append(self._link.inbox.get(timeout=WAIT_FOR_FIRST_S))
            self._gather()
            while len(batch) < self._largest_batch:
                batch.append(self._link.inbox.get_nowait())
        except Empty:
            pass  # nothing more has arrived
        return batch

    def _confirm(self, items: Sequence[StoredItem]) -> None:
        if not items:
            return
        payload = Stored(by=self._name, items=tuple(items)).model_dump_json().encode()
        try:
            self._link.publish(self._topics.stored, payload)
        except Unavailable as error:  # the outboxes publish again, and are confirmed then
            UNCONFIRMED.inc(len(items))
            log.warning("not_confirmed", items=len(items), reason=error.reason)

    def _show_keeper(self, committed: Sequence[Incoming]) -> None:
        for incoming in committed:
            address = self._topics.parse(incoming.topic)
            if address is not None and address.kind in ("config", "stations"):
                self._keeper.saw(incoming)
