"""Messages that came in, and what became of those that go out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from contracts.identity import Stamp


class Incoming(NamedTuple):
    """A message; ``ack()`` after its effect is durable, else the broker sends it again.

    Attributes:
        arrived_at: when it was off the wire, before it waited for anybody here.
    """

    topic: str
    payload: bytes
    retained: bool
    ack: Callable[[], None]
    qos: int = 1
    arrived_at: Stamp | None = None


class Publication:
    """One message on its way to the broker; its fate is set once, by the link's thread."""

    def __init__(self) -> None:
        self._settled = threading.Event()
        self._taken = self._unmatched = False

    def done(self) -> bool:
        """Whether the broker took it (QoS 0: whether it was written to the socket)."""
        return self._taken

    @property
    def lost(self) -> bool:
        """Whether it never will be done: the link dropped before, or the broker refused it."""
        return self._settled.is_set() and not self._taken

    @property
    def unmatched(self) -> bool:
        """Whether the broker took it and said that nobody subscribes to its topic."""
        return self._unmatched

    def wait(self, timeout_s: float) -> bool:
        """Wait for its fate; returns ``done()``."""
        self._settled.wait(timeout_s)
        return self._taken

    def settle(self, *, taken: bool, unmatched: bool = False) -> None:
        """Its fate. Called by the link."""
        self._taken = taken
        self._unmatched = unmatched
        self._settled.set()
