"""The health of a line: what all its processes say, put together. Pure.

The dashboard and `referee status` show the same model, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from contracts.conditions import PROCESSES, Severity
from contracts.process_state import Condition, ProcessState, Role

STALE_AFTER_S = 12.0
"""States are repeated every 5 s: two were missed."""

NEEDED = (Role.BRIDGE, Role.INGEST, Role.INFERENCE, Role.STORAGE)
"""Roles without which a line does not work."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class OpenCondition(_Model):
    """One thing that is wrong, in words, whoever says it.

    Attributes:
        station: the one it is about; None if it is about the whole line.
        said_by: the processes that say it; empty if it is seen from outside.
        for_s: how long it has been so; None if nobody knows.
    """

    code: str
    severity: Severity
    words: str
    remedy: str
    detail: str = ""
    station: str | None = None
    said_by: tuple[str, ...] = ()
    for_s: float | None = None


class ProcessHealth(_Model):
    """One process. ``doing`` is one word: ready, not ready, gone, silent."""

    process: str
    role: Role
    doing: str
    heard_s_ago: float


class StationHealth(_Model):
    """One station that the line is configured with, as its bridge and inference see it.

    Attributes:
        phase: of the bridge, empty if the bridge says none.
        release_id: in force at the bridge, empty if none is.
    """

    station: str
    phase: str = ""
    release_id: str = ""
    recipe: int | None = None


class LineHealth(_Model):
    """A whole line. The worst conditions come first, those of the whole line before stations."""

    conditions: tuple[OpenCondition, ...] = ()
    processes: tuple[ProcessHealth, ...] = ()
    stations: tuple[StationHealth, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether a person should come."""
        return any(each.severity is Severity.ALARM for each in self.conditions)

    def phase_of(self, station: str) -> str | None:
        """Return what a station's bridge does, empty if the bridge is gone; None if unknown."""
        if not any(each.role is Role.BRIDGE for each in self.processes):
            return None
        return next((each.phase for each in self.stations if each.station == station), None)

    def of(self, station: str | None) -> list[OpenCondition]:
        """Return the conditions of a station, or those of the whole line."""
        return [each for each in self.conditions if each.station == station]


class Heard(NamedTuple):
    """The newest state of a process, and how long ago it came."""

    state: ProcessState
    s_ago: float

    @property
    def doing(self) -> str:
        """Return in a word how the process is."""
        if not self.state.online:
            return "gone"
        if self.s_ago >= STALE_AFTER_S:
            return "silent"
        return "ready" if self.state.ready else "not ready"

    def for_s(self, condition: Condition) -> float | None:
        """Return how long a condition has been so. It does not depend on this machine's clock."""
        if condition.since_utc_ns is None:
            return None
        return max(0.0, (self.state.at_utc_ns - condition.since_utc_ns) / 1e9) + self.s_ago


def line_health(
    heard: Iterable[Heard],
    seen: Iterable[Condition] = (),
    needed: Sequence[Role] = NEEDED,
    stations: Sequence[str] | None = None,
) -> LineHealth:
    """Return the health of a line.

    Args:
        heard: the newest state of each process, with its last will.
        seen: what the caller itself sees, such as a broker that is away.
        needed: roles that must have a process; empty if none could have been heard.
        stations: those of the line's roster; None if it has none: those that are named.
    """
    known = sorted(heard, key=lambda each: each.state.process)
    open_now = [_opened(condition, "", None) for condition in seen]
    open_now += [_absent(role) for role in needed if not _has(role, known)]
    for each in known:
        open_now += _of_process(each, known)
    return LineHealth(
        conditions=tuple(_merged(open_now)),
        processes=tuple(
            ProcessHealth(
                process=each.state.process,
                role=each.state.role,
                doing=each.doing,
                heard_s_ago=each.s_ago,
            )
            for each in known
        ),
        stations=tuple(_stations(known, stations)),
    )


def _has(role: Role, known: Sequence[Heard]) -> bool:
    return any(each.state.role is role for each in known)


def _absent(role: Role) -> OpenCondition:
    never = Condition(code="process_gone", detail=f"no {role} process has reported")
    return _opened(never, "", None)


def _of_process(each: Heard, known: Sequence[Heard]) -> list[OpenCondition]:
    """Return what a process says, or that it says nothing any more."""
    name = each.state.process
    match each.doing:
        case "gone":
            spare = any(
                other.state.role is each.state.role and other.state.ready
                for other in known
                if other.doing == "ready"
            )
            return [_opened(Condition(code="spare_gone" if spare else "process_gone"), name, None)]
        case "silent":
            return [_opened(Condition(code="process_silent"), name, each.s_ago)]
    said = each.state.all_conditions()
    return [_opened(condition, name, each.for_s(condition)) for condition in said]


def _opened(condition: Condition, process: str, for_s: float | None) -> OpenCondition:
    kind = condition.kind
    return OpenCondition(
        code=condition.code,
        severity=kind.severity,
        words=kind.words,
        remedy=kind.remedy,
        detail=condition.detail,
        station=condition.station,
        said_by=(process,) if process else (),
        for_s=for_s,
    )


def _merged(conditions: Iterable[OpenCondition]) -> list[OpenCondition]:
    """Return each condition once, with all who say it; the worst first."""
    found: dict[tuple[str, ...], OpenCondition] = {}
    for each in conditions:
        owner = (each.detail, *each.said_by) if each.code in PROCESSES else ()
        key = (each.code, each.station or "", *owner)
        found[key] = _both(found[key], each) if key in found else each
    return sorted(found.values(), key=_worst_first)


def _both(one: OpenCondition, other: OpenCondition) -> OpenCondition:
    details = dict.fromkeys(filter(None, (one.detail, other.detail)))
    ages = [age for age in (one.for_s, other.for_s) if age is not None]
    return one.model_copy(
        update={
            "detail": "; ".join(details),
            "said_by": (*one.said_by, *other.said_by),
            "for_s": max(ages, default=None),
        }
    )


def _worst_first(each: OpenCondition) -> tuple[int, bool, str, str]:
    return each.severity.rank, each.station is not None, each.station or "", each.code


def _stations(known: Sequence[Heard], roster: Sequence[str] | None) -> list[StationHealth]:
    """Return the stations of the roster, or every one that a process names."""
    names: set[str] = set()
    bridge: ProcessState | None = None
    for each in known:
        state = each.state
        names |= {*state.stations, *state.troubles, *state.phases}
        if state.role is Role.BRIDGE and each.doing in ("ready", "not ready"):
            bridge = state
    return [_station(name, bridge) for name in sorted(names if roster is None else roster)]


def _station(name: str, bridge: ProcessState | None) -> StationHealth:
    if bridge is None:
        return StationHealth(station=name)
    return StationHealth(
        station=name,
        phase=bridge.phases.get(name, ""),
        release_id=bridge.releases.get(name, ""),
        recipe=bridge.recipes.get(name),
    )
