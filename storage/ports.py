"""What the storage processes need from the outside."""

from __future__ import annotations

from collections.abc import Callable
from queue import Queue
from typing import Protocol

from runtime.messaging.streams import Entry


class Incoming(Protocol):
    """A message from the broker, which keeps it until ``ack`` is called."""

    @property
    def topic(self) -> str: ...

    @property
    def payload(self) -> bytes: ...

    @property
    def ack(self) -> Callable[[], None]: ...


class Inbox(Protocol):
    """Receives messages."""

    @property
    def inbox(self) -> Queue: ...


class Publisher(Protocol):
    """Publishes a message, or raises Unavailable."""

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> object: ...


class Link(Inbox, Publisher, Protocol):
    """Receives and publishes."""


class Frames(Protocol):
    """Reads the frame streams as a consumer."""

    def read(self, count: int, block_ms: int) -> list[Entry]: ...

    def reclaim(self, min_idle_ms: int, count: int) -> list[Entry]: ...

    def ack(self, *entries: Entry) -> None: ...
