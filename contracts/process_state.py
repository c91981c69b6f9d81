"""What a process says about itself: which stations it serves, and why it does not serve others."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from contracts.identity import Message, Slug
from contracts.messages import SequenceRange


class Role(StrEnum):
    """What a process does for its line."""

    BRIDGE = "bridge"
    INGEST = "ingest"
    INFERENCE = "inference"
    STORAGE = "storage"


class Trouble(Message):
    """Why a process does not serve a station, or why the bridge takes no triggers there.

    Attributes:
        code: a fixed word, such as ``no_release``; the bridge's are those that its registers show.
        detail: the cause in a sentence; empty if the code says it all.
    """

    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    detail: str = ""

    def in_words(self) -> str:
        """Return the trouble as people read it."""
        return self.detail or self.code.replace("_", " ")


class Status(Message):
    """How a process is, as it knows itself.

    Attributes:
        ready: whether it serves any station (the bridge: all of them; storage: the database).
        stations: those that it serves now.
        troubles: by station, why it does not serve it; a station that is served has none.
        reason: why the whole process is not ready; empty if only stations have troubles.
    """

    ready: bool = False
    stations: tuple[Slug, ...] = ()
    troubles: dict[Slug, Trouble] = Field(default_factory=dict)
    reason: str = ""
    releases: dict[Slug, str] = Field(
        default_factory=dict, title="Active release id of each station"
    )
    model_version: str = ""
    phases: dict[Slug, str] = Field(
        default_factory=dict, title="Bridge only: its state for each station"
    )
    recipes: dict[Slug, int] = Field(
        default_factory=dict, title="Bridge only: recipe that the PLC of each station selected"
    )
    sequences: dict[Slug, tuple[SequenceRange, ...]] = Field(
        default_factory=dict,
        title="Sequencer only: parts journaled in epochs that storage has not all of, newest last",
    )
    roster_id: Annotated[
        str, Field(title="The roster that it follows; empty before the first one")
    ] = ""

    def serves(self, station: str) -> bool:
        """Return whether nothing is known that keeps the process from serving the station."""
        return not self.reason and station not in self.troubles

    def reason_for(self, station: str) -> str:
        """Return in words why the station is not served; empty if it is."""
        trouble = self.troubles.get(station)
        return trouble.in_words() if trouble else self.reason


class ProcessState(Status):
    """A process's status on its line. Retained, and the last will says offline."""

    schema_version: Literal[1, 2, 3] = 3
    process: Slug
    role: Role
    online: bool
    ready: bool
    at_utc_ns: int

    @model_validator(mode="before")
    @classmethod
    def _role_of_version_1(cls, given: Any) -> Any:
        """Version 1 had no role: a process's name began with it, such as ``inference-2``."""
        if isinstance(given, dict) and given.get("schema_version") == 1 and "role" not in given:
            return given | {"role": str(given.get("process")).split("-")[0]}
        return given
