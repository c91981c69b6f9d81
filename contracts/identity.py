"""What a part is called, and when something happened to it."""

from __future__ import annotations

from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

SLUG = r"^[a-z0-9][a-z0-9_-]{0,62}$"
SLUG_IN_WORDS = (
    "may hold a to z, 0 to 9, - and _, begins with a letter or digit, and has 1 to 63 characters, "
    "such as tile-top_2"
)
Slug = Annotated[str, Field(pattern=SLUG)]
"""A name that is safe in a topic, a stream and a file: ``tile-top_2``."""


NonNegativeInt63 = Annotated[int, Field(ge=0, lt=2**63)]
"""What every database and every language can hold."""


class Config(BaseModel):
    """Base of what people write: strict, frozen, unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Message(BaseModel):
    """Base of everything on a wire: frozen, no field that we do not know, no NaN."""

    # Parts, times and ids are new in each message: remembering them would fill 1.3 MB a process.
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, cache_strings="keys"
    )


class PartKey(Message):
    """Identity of one part at one station.

    Attributes:
        station: where it was inspected.
        epoch: one run of the trigger counter; minted once, durably, by the station's sequencer
            (the bridge, or ingest for camera triggers), and only ever rising.
        trigger_seq: rises by one for each part of the epoch and never skips.
    """

    station: Slug
    epoch: NonNegativeInt63
    trigger_seq: NonNegativeInt63

    def __str__(self) -> str:
        return f"{self.station}/{self.epoch}/{self.trigger_seq}"

    @classmethod
    def from_text(cls, text: str) -> PartKey:
        """The inverse of ``str()``. Raises ValueError where the text is no identity."""
        station, epoch, trigger_seq = text.split("/")
        return cls(station=station, epoch=int(epoch), trigger_seq=int(trigger_seq))


class Stamp(Message):
    """One moment on two clocks.

    Attributes:
        utc_ns: wall clock, nanoseconds since 1970-01-01 UTC. For people and for other machines.
        monotonic_ns: CLOCK_MONOTONIC, comparable only under the same ``boot_id``.
        boot_id: which run of which machine the monotonic clock belongs to.
    """

    utc_ns: int
    monotonic_ns: int
    boot_id: str

    def ns_since(self, earlier: Stamp) -> int:
        """Nanoseconds from ``earlier`` to this: monotonic on the same boot, else UTC."""
        if self.boot_id == earlier.boot_id:
            return self.monotonic_ns - earlier.monotonic_ns
        return self.utc_ns - earlier.utc_ns

    def ms_since(self, earlier: Stamp) -> float:
        """Milliseconds from ``earlier`` to this."""
        return self.ns_since(earlier) / 1e6


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> Stamp: ...
