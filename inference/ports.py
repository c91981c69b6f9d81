"""What the worker needs of the world. The real ones are wired in __main__."""

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
        """Whether it would answer now."""
        ...

    def revive(self) -> None:
        """Do what can be done from here about a model that died. Raises ModelUnavailable."""
        ...

    def infer(self, image: bytes, prompts: Sequence[str], timeout_s: float) -> Perception:
        """Raises BadImage, ModelRejected, ModelUnavailable, or ModelTooSlow if time ran out."""
        ...


class Frames(Protocol):
    """Frames of this worker's stations, each owed exactly one verdict."""

    def take(self, is_hopeless: Callable[[Frame], bool]) -> Frame | None:
        """Return the next frame: hopeless ones first, then the most urgent. Raises Unavailable."""
        ...

    def done(self, frame: Frame) -> None:
        """Its verdict is durable: never give it out again. Raises Unavailable."""
        ...

    def waited_ms(self, frame: Frame) -> float:
        """How long nobody looked at it, by a clock that is not ours. Raises Unavailable."""
        ...

    def dead_letter(self, frame: Frame, reason: str) -> None:
        """Keep it as a dead letter, for people to look at. Raises Unavailable."""
        ...


class Outbox(Protocol):
    """Where verdicts become durable."""

    def record(self, verdict: Verdict) -> bool:
        """False where another verdict of the part stands. Raises Unavailable, ServerFull."""
        ...


class Releases(Protocol):
    """What each station looks for now."""

    def active(self, station: str) -> Release | None:
        """None where nobody told the station what a defect is."""
        ...
