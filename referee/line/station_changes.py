"""Compares the stations of a line file with those in force, one by one. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from contracts.line import LineFile, Station
from contracts.release import Release
from contracts.roster import RosterStation


class Outcome(StrEnum):
    """What becomes of one change."""

    UNCHANGED = "unchanged"
    IN_FORCE = "in force now"
    NEEDS_RESTART = "needs a restart"
    REFUSED = "refused"
    UNCONFIRMED = "not confirmed"


WAITS = (Outcome.REFUSED, Outcome.NEEDS_RESTART)
"""A station with one of these keeps what it has."""


class InForce(NamedTuple):
    """What a running line does at one station.

    Attributes:
        release_id: empty if the station has no release.
        unit: None if it has no release.
        link: how its PLC reaches the bridge.
    """

    release_id: str
    unit: int | None
    link: RosterStation

    @property
    def address(self) -> tuple[str, int | None]:
        """Where the PLC finds the station."""
        return self.link.protocol, self.unit


class Change(NamedTuple):
    """One line of the answer: a station or a process, what becomes of it, and why."""

    subject: str
    outcome: Outcome
    detail: str = ""


class StationPlan(NamedTuple):
    """What to do about the stations.

    Attributes:
        changes: for each station of the file, and each that runs and is not in it.
        keep: stations that stay as they run, as their change is refused or needs a restart.
    """

    changes: tuple[Change, ...]
    keep: frozenset[str]

    def named(self, outcome: Outcome) -> list[str]:
        """Return the stations with this outcome."""
        return [change.subject for change in self.changes if change.outcome is outcome]


def plan_stations(
    running: Mapping[str, InForce], file: LineFile, served: Collection[str], *, restart: bool
) -> StationPlan:
    """Return what becomes of each station.

    Args:
        served: fieldbuses that the running bridge serves.
        restart: whether processes may be restarted for it.
    """
    unclear, links = _unclear_names(running, file), file.roster().stations
    changes = []
    for name, station in file.stations.items():
        now, release = running.get(name), Release.of(name, station.config)
        if name in unclear:
            changes.append(Change(name, Outcome.REFUSED, unclear[name]))
        elif now == InForce(release.release_id, station.plc_unit, links[name]):
            changes.append(Change(name, Outcome.UNCHANGED, _mode(release)))
        elif (why := _restart_of_bridge(now, station, served)) and not restart:
            changes.append(Change(name, Outcome.NEEDS_RESTART, why))
        else:
            changes.append(Change(name, Outcome.IN_FORCE, _said_of(name, now, station, release)))
    for name in running.keys() - file.stations.keys():
        if name in unclear:
            changes.append(Change(name, Outcome.REFUSED, unclear[name]))
        else:
            changes.append(Change(name, Outcome.IN_FORCE, _removed(name, file)))
    return _without_taken_units(running, file, changes)


def _without_taken_units(
    running: Mapping[str, InForce], file: LineFile, changes: list[Change]
) -> StationPlan:
    """Return the plan in which no station takes a unit from one that keeps what it has."""
    keep = {each.subject for each in changes if each.outcome in WAITS}
    while True:
        taken = {now.address: name for name, now in running.items() if name in keep}
        late = {
            name: taken[unit]
            for name, station in file.stations.items()
            if name not in keep and (unit := (station.plc.protocol, station.plc_unit)) in taken
        }
        if not late:
            return StationPlan(tuple(changes), frozenset(keep))
        keep |= late.keys()
        changes = [
            Change(each.subject, Outcome.NEEDS_RESTART, f"{late[each.subject]} has its PLC unit")
            if each.subject in late
            else each
            for each in changes
        ]


def _unclear_names(running: Mapping[str, InForce], file: LineFile) -> dict[str, str]:
    """Return why stations cannot be told apart: a new name has the unit of one that is gone."""
    gone = {
        now.address: name
        for name, now in running.items()
        if name not in file.stations and now.unit is not None
    }
    found = {}
    for name, station in file.stations.items():
        before = gone.get((station.plc.protocol, station.plc_unit))
        if name in running or before is None or "renamed_from" in station.model_fields_set:
            continue
        found[name] = (
            f"it has the PLC unit of {before}, which the file no longer has; write "
            f"`renamed_from: {before}` if it is the same station, or `renamed_from: null` if it "
            "is a new one"
        )
        found[before] = f"it stays as it is until the file says what {name} is"
    return found


def _restart_of_bridge(now: InForce | None, station: Station, served: Collection[str]) -> str:
    """Return why the bridge must be restarted for this station; empty if it need not be."""
    if station.plc.protocol not in served:
        return f"the bridge does not serve {station.plc.protocol} yet"
    if now is None or now.unit is None:
        return ""
    if now.link.protocol != station.plc.protocol:
        return f"its PLC speaks {now.link.protocol} until the bridge is restarted"
    if now.unit != station.plc_unit:
        return f"it has PLC unit {now.unit} until the bridge is restarted"
    return ""


def _said_of(name: str, now: InForce | None, station: Station, release: Release) -> str:
    if now is not None:
        return _mode(release)
    if station.renamed_from is not None:
        return f"{name} is the new name of {station.renamed_from}; {_mode(release)}"
    return f"a new station; {_mode(release)}"


def _removed(name: str, file: LineFile) -> str:
    for new, station in file.stations.items():
        if station.renamed_from == name:
            return f"is called {new} now"
    return "removed; its parts stay in the database"


def _mode(release: Release) -> str:
    return f"release {release.release_id}, mode {release.config.mode}"
