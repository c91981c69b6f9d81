"""Knows which messages every sink of the line has committed, so that outboxes may forget them."""

from __future__ import annotations

from collections.abc import Collection

from contracts.messages import Stored, StoredItem

KEPT = 20_000


class Confirmations:
    """Collects what each sink says that it has stored.

    What one sink has confirmed and another has not is kept in memory, the newest 20,000 items. An
    item that was dropped, or lost by a restart, is sent again by its outbox and confirmed again.
    """

    def __init__(self, sinks: Collection[str], keep: int = KEPT) -> None:
        self._sinks = frozenset(sinks)
        self._keep = keep
        self._partly: dict[StoredItem, set[str]] = {}

    def complete(self, stored: Stored) -> Stored:
        """Return ``stored`` with those of its items that every sink has committed now."""
        if stored.by not in self._sinks:
            return stored.model_copy(update={"items": ()})
        if len(self._sinks) == 1:
            return stored
        items = tuple(item for item in stored.items if self._is_complete(item, stored.by))
        return stored.model_copy(update={"items": items})

    def _is_complete(self, item: StoredItem, by: str) -> bool:
        confirmed = self._partly.pop(item, set()) | {by}
        if confirmed == self._sinks:
            return True
        self._partly[item] = confirmed  # as the newest
        if len(self._partly) > self._keep:
            del self._partly[next(iter(self._partly))]
        return False
