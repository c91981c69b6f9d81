"""What ingest needs from others: a camera, places for frames, verdicts and notices, releases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from contracts.identity import PartKey, Stamp
from contracts.messages import CaptureNotice, FrameHeader, Verdict
from contracts.release import Release
from runtime.messaging.streams import Entry


class Shot(NamedTuple):
    """One picture as the camera gave it.

    Attributes:
        image: encoded bytes, unjudged: they may be no picture at all.
        captured_at: when the picture was taken; for a live camera, when its read returned.
        source: where it came from: ``replay:<file>``, ``simulated:<seed, index, kind>``,
            ``opencv:<device>#<frame>``.
        lost_before: frames that the camera gave between the last one asked for and this, and that
            nobody has.
    """

    image: bytes
    captured_at: Stamp
    source: str
    lost_before: int = 0


class Camera(Protocol):
    """Takes the picture of the part that is in front of it now."""

    def capture(self) -> Shot:
        """Take a picture. Raises CameraFailed where there is none, soon enough for the line."""
        ...

    def next_frame(self, wait_s: float) -> Shot | None:
        """The next frame in order, none left out; None where none comes in that time.

        The first time it is the first one from now on. A camera without a pace of its own takes a
        picture. Raises CameraFailed.
        """
        ...

    def trouble(self) -> str:
        """Why no picture could be taken right now; empty when one could."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


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

    def tell(self, notice: CaptureNotice) -> None: ...


class Numbers(Protocol):
    """The numbers of the parts that the camera triggers."""

    def resume(self) -> None: ...

    def lose(self, frames: int) -> None: ...

    def next(self) -> PartKey: ...

    def end_epoch(self) -> None: ...


class Releases(Protocol):
    """What each station currently looks for."""

    def active(self, station: str) -> Release | None: ...
