"""Compares the processes of a running line with those that a line file asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.line import LineFile
from referee.line.programs import FOLLOW_STATIONS, RESTART_HARMS_NO_PART
from referee.line.station_changes import Change, Outcome
from referee.line.supervision import Program

IN_THE_ROSTER = ("STATIONS", "PEERS")
"""How variables end that say what the roster says too."""


def plan_processes(
    running: Iterable[Program], wanted: Iterable[Program], *, restart: bool
) -> list[Change]:
    """Return what becomes of each process that is to be different.

    ``restart``: whether processes may be restarted in whose hands parts are.
    """
    before, after = _by_name(running), _by_name(wanted)
    return [
        _change(name, before.get(name), after.get(name), restart)
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def changed_servers(before: LineFile, after: LineFile) -> list[Change]:
    """Return each server that the new file gives another port: it keeps its own while it runs."""
    old, new = (
        line.sockets.model_dump(exclude={"host", "dashboard", "fieldbuses"})
        for line in (before, after)
    )
    why = "a server keeps its port; use `referee down`, then `referee up`"
    return [
        Change(f"sockets.{name}", Outcome.NEEDS_RESTART, why)
        for name, port in new.items()
        if port != old[name]
    ]


def _change(name: str, before: Program | None, after: Program | None, restart: bool) -> Change:
    if before is None:
        return Change(name, Outcome.IN_FORCE, "started")
    if not restart and name not in RESTART_HARMS_NO_PART:
        why = "its settings changed; repeat with --restart (parts in its hands get no verdict)"
        return Change(name, Outcome.NEEDS_RESTART, why)
    return Change(name, Outcome.IN_FORCE, "restarted" if after else "stopped")


def _by_name(programs: Iterable[Program]) -> dict[str, Program]:
    """Return programs by name, without what those that follow the roster need no restart for."""
    return {program.name: _compared(program) for program in programs}


def _compared(program: Program) -> Program:
    if program.name not in FOLLOW_STATIONS:
        return program
    compared = {
        name: value
        for name, value in program.environment.items()
        if not name.endswith(IN_THE_ROSTER)
    }
    return program._replace(environment=compared)
