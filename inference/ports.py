"""What the worker needs from outside. The real ones are wired in __main__."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from contracts.messages import Verdict
from contracts.release import Release
from inference.frames import Frame
from inference.perception import Perception


class Model(Protocol):
    """Looks in a picture for what prompts describe."""

    def is_ready(self) -> bool:
        """Return whether it would answer now."""
        ...

    def revive(self) -> None:
        """Load a model again whose process has died. Raises ModelUnavailable."""
        ...

    def infer(self, image: bytes, prompts: Sequence[str], timeout_s: float) -> Perception:
        """Raises BadImage, ModelRejected, ModelUnavailable, or ModelTooSlow if time ran out."""
        ...


class Frames(Protocol):
    """Frames of this worker's stations, each to be answered by exactly one verdict."""

    def take(self, is_hopeless: Callable[[Frame], bool]) -> Frame | None:
        """Return the next frame: hopeless ones first, then the most urgent. Raises Unavailable."""
        ...

    def done(self, frame: Frame) -> None:
        """Acknowledge a frame: its verdict is durable. Raises Unavailable."""
        ...

    def waited_ms(self, frame: Frame) -> float:
        """Return how long it waited, by the clock of Redis. Raises Unavailable."""
        ...

    def dead_letter(self, frame: Frame, reason: str) -> None:
        """Store it as a dead letter, for people to look at. Raises Unavailable."""
        ...


class Outbox(Protocol):
    """Where verdicts become durable."""

    def record(self, verdict: Verdict) -> bool:
        """Return False if the part has another verdict already. Raises Unavailable, ServerFull."""
        ...


class Releases(Protocol):
    """The release in force of each station."""

    def active(self, station: str) -> Release | None:
        """Return it, or None if the station has no release."""
        ...
