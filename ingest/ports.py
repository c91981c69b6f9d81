"""What ingest needs from others: triggers, releases, places for frames, verdicts and notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from contracts.identity import PartKey
from contracts.messages import CaptureNotice, FrameHeader, Verdict
from contracts.release import Release
from runtime.messaging.streams import Entry


class Triggers(Protocol):
    """The parts of one station whose picture is to be taken."""

    def read(self, count: int, block_ms: int) -> Sequence[Entry]: ...

    def reclaim(self, min_idle_ms: int, count: int) -> Sequence[Entry]: ...

    def ack_and_delete(self, *entries: Entry) -> None: ...


class Frames(Protocol):
    """Where pictures wait to be inspected. Bounded."""

    def waiting(self) -> int:
        """Frames that nobody has inspected yet. Raises Unavailable."""
        ...

    def put(self, header: FrameHeader, image: bytes) -> None:
        """Add a frame. Raises Unavailable, or ServerFull where nothing was taken."""
        ...

    def tidy(self) -> int:
        """Forget what everybody has finished with. Return how many others went.

        Raises Unavailable.
        """
        ...


class VerdictRecorder(Protocol):
    """The outbox."""

    def record(self, verdict: Verdict) -> bool: ...


class Notices(Protocol):
    """Where the bridge hears of parts that the camera triggered."""

    def announce(self, notice: CaptureNotice) -> None: ...


class Numbers(Protocol):
    """The numbers of the parts that the camera triggers."""

    def resume(self) -> None: ...

    def lose(self, frames: int) -> None: ...

    def next(self) -> PartKey: ...

    def end_epoch(self) -> None: ...


class Releases(Protocol):
    """What each station currently looks for."""

    def active(self, station: str) -> Release | None: ...
