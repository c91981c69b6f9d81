"""Puts a changed line file in force on a running line, and waits until its processes say so."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from contracts.line import LineFile
from contracts.release import Activation
from contracts.roster import Roster
from referee.line.endpoints import Endpoints, with_changed_ports
from referee.line.process_changes import changed_servers, plan_processes
from referee.line.programs import line_programs
from referee.line.start import Start
from referee.line.station_changes import Change, InForce, Outcome, StationPlan, plan_stations
from referee.line.supervision import Program, Supervisor
from referee.line.watch import LineWatch
from runtime.process.run_folder import RunFolder

CONFIRM_TIMEOUT_S = 30.0


class Published(NamedTuple):
    """What was published of a plan.

    Attributes:
        roster: None if the line has the stations that it had.
    """

    plan: StationPlan
    releases: Sequence[Activation]
    roster: Roster | None


def apply_stations(
    watch: LineWatch,
    file: LineFile,
    activations: Iterable[Activation],
    served: Iterable[str],
    *,
    restart: bool,
) -> Published:
    """Publish what may change at the stations.

    Args:
        activations: the file's releases, signed.
        served: fieldbuses that the running bridge serves.

    Raises:
        Unavailable: the broker does not answer, or knows no stations of the line.
    """
    watch.wait_for_releases()
    plan = plan_stations(_running(watch), file, frozenset(served), restart=restart)
    roster = _roster(watch, file, plan)
    changed = plan.named(Outcome.IN_FORCE)
    releases = [each for each in activations if each.station in changed]
    if roster != watch.roster:
        watch.publish_roster(roster)
    watch.publish(releases)
    for name in set(changed) - file.stations.keys():
        watch.clear_release(name)
    return Published(plan, releases, roster if roster != watch.roster else None)


def check_processes(folder: RunFolder, file: LineFile) -> None:
    """Raise UserError for what ``apply_processes`` would, before anything is published."""
    with_changed_ports(Endpoints.load(folder), Start.load(folder).line, file)


def apply_processes(
    folder: RunFolder, file: LineFile, plan: StationPlan, *, restart: bool
) -> list[Change]:
    """Restart, start and stop processes as the file asks, and note what is in force now.

    Raises:
        UserError: how the line was started is unknown, or a port is taken.
        Unavailable: the supervisor does not answer.
    """
    before, endpoints = Start.load(folder), Endpoints.load(folder)
    servers = changed_servers(before.line, file)
    after = before.model_copy(update={"line": _in_force(before.line, file, plan)})
    ports = with_changed_ports(endpoints, before.line, after.line)
    wanted = line_programs(after, ports, folder)
    changes = plan_processes(before.programs, wanted, restart=restart)
    wait = {each.subject for each in changes if each.outcome is Outcome.NEEDS_RESTART}
    programs = _programs(before.programs, wanted, wait)
    supervisor = Supervisor(folder)
    supervisor.write_config(programs, before.working_folder)
    supervisor.follow_config(each.subject for each in changes if each.subject not in wait)
    after.model_copy(update={"programs": programs}).save(folder)
    _ports_now(endpoints, ports, wait).save(folder)
    return servers + changes


def _programs(
    before: Iterable[Program], wanted: Iterable[Program], wait: Container[str]
) -> tuple[Program, ...]:
    """Return the processes as they run now: those that wait for a restart stay as they were."""
    old = [program for program in before if program.name in wait]
    return (*(program for program in wanted if program.name not in wait), *old)


def _ports_now(before: Endpoints, wanted: Endpoints, wait: Container[str]) -> Endpoints:
    if "bridge" in wait:
        return wanted.model_copy(update={"fieldbuses": before.fieldbuses})
    return wanted


def unconfirmed(watch: LineWatch, published: Published) -> list[Change]:
    """Wait until every process follows; return the stations for which one does not say so."""
    deadline = time.monotonic() + CONFIRM_TIMEOUT_S
    while not _follow(watch, published):
        if time.monotonic() > deadline:
            why = "not every process of the line has said that it follows; see `referee status`"
            changed = published.plan.named(Outcome.IN_FORCE)
            return [Change(name, Outcome.UNCONFIRMED, why) for name in changed]
        watch.follow(0.1)
    return []


def _follow(watch: LineWatch, published: Published) -> bool:
    roster = published.roster
    stations = roster is None or all(watch.followers(roster).values())
    return stations and watch.releases_followed(published.releases)


def _running(watch: LineWatch) -> dict[str, InForce]:
    assert watch.roster is not None
    found = {}
    for name, station in watch.roster.stations.items():
        release = watch.releases.get(name)
        unit = release.config.plc_unit if release else None
        found[name] = InForce(release.release_id if release else "", unit, station)
    return found


def _roster(watch: LineWatch, file: LineFile, plan: StationPlan) -> Roster:
    """Return the stations after the change: those that keep what they have, and the file's."""
    assert watch.roster is not None
    kept = {name: each for name, each in watch.roster.stations.items() if name in plan.keep}
    new = {n: each for n, each in file.roster().stations.items() if n not in plan.keep}
    return Roster(stations=kept | new)


def _in_force(before: LineFile, file: LineFile, plan: StationPlan) -> LineFile:
    """Return the line file as it is in force now.

    Stations that keep what they have, and the servers' ports, are those of before.
    """
    kept = {name: each for name, each in before.stations.items() if name in plan.keep}
    new = {name: each for name, each in file.stations.items() if name not in plan.keep}
    changed = file.sockets.model_dump(include={"host", "dashboard", "fieldbuses"})
    sockets = before.sockets.model_copy(update=changed)
    return file.model_copy(update={"stations": kept | new, "sockets": sockets})
