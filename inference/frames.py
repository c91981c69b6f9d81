"""Frames out of the Redis streams: parsed at the edge, the most urgent first, none left behind.

Which frame next? Of those at hand, one for which there is no hope is answered first, as that costs
nothing and its gate should know; then the one whose deadline is nearest: within a station, the
oldest. So under overload the newest are refused at once, and the model gets only parts that can
be helped. Newest first would serve as many parts and let all the others run out silently.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from contracts import names
from contracts.errors import MalformedMessage
from contracts.messages import FrameHeader
from contracts.parsing import parse
from runtime.messaging.streams import Entry, StreamGroup
from runtime.process.clock import Clock

READ_BLOCK_MS = 100
READ_AT_ONCE = 4
"""Of a station. More than one, so that an excess is seen when it comes; few, as what waits in a
process that is busy cannot be done by one that is idle."""


class Frame(NamedTuple):
    """One picture to inspect.

    Attributes:
        image: a PNG or JPEG file, as the camera gave it.
        deliveries: how often it was delivered to a worker, this time included.
        ahead: frames at hand whose deadlines are nearer.
        behind: the other frames at hand.
    """

    entry: Entry
    header: FrameHeader
    image: bytes
    deliveries: int = 1
    ahead: int = 0
    behind: int = 0

    @property
    def deadline_utc_ns(self) -> int:
        """Return when its verdict must be on the PLC's registers."""
        return self.header.started_at.utc_ns + self.header.deadline_ms * 1_000_000


class FrameStreams:
    """Takes this process's share of the frames of its stations; its workers' threads share one.

    A live process renews its claim on the frames that it holds, however long that takes. Frames of
    a process that has been silent for ``reclaim_idle_ms`` are taken over.
    """

    def __init__(
        self,
        group: StreamGroup,
        dead_letter: Callable[[Entry, str], None],
        clock: Clock,
        reclaim_idle_ms: int,
        pause: Callable[[float], object],
    ) -> None:
        """``dead_letter`` keeps an entry that can never work; ``pause`` sleeps, s."""
        self._group = group
        self._dead_letter = dead_letter
        self._clock = clock
        self._reclaim_idle_ms = reclaim_idle_ms
        self._pause = pause
        self._reclaimed_at = clock.now()
        self._held: dict[tuple[str, str], Entry] = {}
        self._waiting: list[Frame] = []
        self._lock = threading.Lock()
        self._reading = threading.Lock()

    def follow(self, stations: Sequence[str]) -> None:
        """Read the frames of these stations from now on; frames at hand are answered all the same.

        Called by another thread than ``take``.
        """
        self._group.follow([names.frames(station) for station in stations])

    def take(self, is_hopeless: Callable[[Frame], bool]) -> Frame | None:
        """Return the frame to answer now, or None if none comes within 100 ms.

        Raises:
            Unavailable: Redis cannot be reached.
        """
        with self._reading:
            at_hand = [*self._waiting, *self._pulled(0 if self._waiting else READ_BLOCK_MS)]
            self._waiting = sorted(at_hand, key=lambda one: one.deadline_utc_ns)
            for ahead, waiting in enumerate(self._waiting):
                frame = waiting._replace(ahead=ahead)
                if is_hopeless(frame):
                    del self._waiting[ahead]
                    return frame
            if not self._waiting:
                return None
            return self._waiting.pop(0)._replace(behind=len(self._waiting))

    def done(self, frame: Frame) -> None:
        """Acknowledge a frame: its verdict is durable. Raises Unavailable."""
        self._group.ack(frame.entry)
        with self._lock:
            self._held.pop((frame.entry.stream, frame.entry.id), None)

    def keep_claims(self) -> None:
        """Renew the claim on the frames held, and wait. A thread's step. Raises Unavailable."""
        with self._lock:
            held = tuple(self._held.values())
        self._group.renew(*held)
        self._pause(self._reclaim_idle_ms / 4 / 1e3)

    def waited_ms(self, frame: Frame) -> float:
        """How long it has been in Redis, by the clock of Redis. Raises Unavailable."""
        return self._group.age_ms(frame.entry)

    def dead_letter(self, frame: Frame, reason: str) -> None:
        """Keep it as a dead letter; it is still to be answered and done. Raises Unavailable."""
        self._dead_letter(frame.entry, reason)

    def _pulled(self, wait_ms: int) -> list[Frame]:
        taken_over = self._taken_over()
        entries = taken_over or self._group.read(READ_AT_ONCE, wait_ms)
        looked_at = [self._frame(entry, bool(taken_over)) for entry in entries]
        frames = [frame for frame in looked_at if frame is not None]
        with self._lock:
            self._held.update({(one.entry.stream, one.entry.id): one.entry for one in frames})
        return frames

    def _taken_over(self) -> list[Entry]:
        now = self._clock.now()
        if now.ms_since(self._reclaimed_at) < self._reclaim_idle_ms / 2:
            return []
        self._reclaimed_at = now
        return self._group.reclaim(self._reclaim_idle_ms, count=16)

    def _frame(self, entry: Entry, taken_over: bool) -> Frame | None:
        """Return None if it is not a frame: nobody can say whose verdict it would be."""
        try:
            header = parse(FrameHeader, entry.fields.get(b"header", b""), entry.stream)
        except MalformedMessage as error:
            self._dead_letter(entry, error.reason)
            self._group.ack(entry)
            return None
        deliveries = self._group.deliveries(entry) if taken_over else 1
        return Frame(entry, header, entry.fields.get(b"image", b""), deliveries)
