"""What a process says about itself: which stations it serves, and why it does not serve others."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from contracts.conditions import Kind, Severity, kind_of
from contracts.identity import Message, Slug
from contracts.messages import SequenceRange


class Role(StrEnum):
    """What a process does for its line."""

    BRIDGE = "bridge"
    INGEST = "ingest"
    INFERENCE = "inference"
    STORAGE = "storage"
    ARCHIVE = "archive"


class Trouble(Message):
    """Why a process does not serve a station, or why the bridge takes no triggers there.

    Attributes:
        code: its name in ``contracts.conditions``, such as ``no_release``.
        detail: the cause in a sentence; empty if the code says it all.
    """

    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    detail: str = ""

    def in_words(self) -> str:
        """Return the trouble as people read it."""
        return self.detail or self.kind.words

    @property
    def kind(self) -> Kind:
        """How bad it is, in words, and what to do."""
        return kind_of(self.code)


class Condition(Trouble):
    """Something that is wrong right now, whether or not stations are served.

    Attributes:
        station: the one it is about; None if it is about the whole process.
        since_utc_ns: when it began, by the clock that wrote the state; None if nobody knows.
    """

    station: Slug | None = None
    since_utc_ns: int | None = None

    @property
    def is_alarm(self) -> bool:
        """Whether a person should come."""
        return self.kind.severity is Severity.ALARM

    @property
    def key(self) -> tuple[str, str | None]:
        """What makes it the same condition as another one."""
        return self.code, self.station

    @property
    def sentence(self) -> str:
        """Return what is wrong, with the detail if there is one."""
        return f"{self.kind.words}: {self.detail}" if self.detail else self.kind.words


class Status(Message):
    """How a process is, as it knows itself.

    Attributes:
        ready: whether it serves any station (the bridge: all of them; storage: the database).
        stations: those that it serves now.
        troubles: by station, why it does not serve it; a station that is served has none.
        reason: why the whole process is not ready; empty if only stations have troubles.
        conditions: everything that is wrong, also what keeps no station from being served.
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
    conditions: tuple[Condition, ...] = Field(
        default=(), title="What is wrong now; in a state also the troubles and the reason"
    )

    def serves(self, station: str) -> bool:
        """Return whether nothing is known that keeps the process from serving the station."""
        return not self.reason and station not in self.troubles

    def reason_for(self, station: str) -> str:
        """Return in words why the station is not served; empty if it is."""
        trouble = self.troubles.get(station)
        return trouble.in_words() if trouble else self.reason

    def all_conditions(self) -> tuple[Condition, ...]:
        """Return the conditions, with the troubles and the reason among them, each once."""
        found = {each.key: each for each in self.conditions}
        for station, trouble in self.troubles.items():
            told = Condition(code=trouble.code, detail=trouble.detail, station=station)
            found.setdefault(told.key, told)
        said = {each.sentence for each in found.values() if each.station is None}
        if self.reason and not said & {self.reason}:
            unready = Condition(code="not_ready", detail=self.reason)
            found.setdefault(unready.key, unready)
        return tuple(found.values())


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
