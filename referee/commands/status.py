"""`referee status`: what is wrong with a line right now, and what to do."""

from __future__ import annotations

import os
from importlib.metadata import version

import typer
from rich.text import Text

from contracts.conditions import Severity
from contracts.exit_codes import ExitCode
from contracts.health import LineHealth, OpenCondition
from contracts.names import Topics
from referee.commands.command import add
from referee.commands.options import JsonOption, RunDirOption, folder_that_runs
from referee.line.endpoints import LOOPBACK, Endpoints
from referee.line.life import Life, LineLife, life_of
from runtime.messaging.broker import Broker
from runtime.messaging.health_watch import HealthWatch
from runtime.process.console import Console, Table, print_json, styled
from runtime.process.run_folder import RunFolder

WAIT_S = 2.0
REPEAT_S = 6.0
"""A process that lives repeats its state within this time."""
COLOURS = {Severity.ALARM: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def register(app: typer.Typer) -> None:
    add(app, status, "referee status", "referee status --json")


def status(run_dir: RunDirOption = None, as_json: JsonOption = False) -> None:
    """Show what of a line runs and how it is, and what to do if something is wrong.

    Without --run-dir: the line that runs in the current folder. Exits with 1 if a person should
    come: there is an alarm, or the line or one of its processes does not run.
    """
    folder = folder_that_runs(run_dir)
    endpoints, life = Endpoints.load(folder), life_of(folder)
    health = health_of(endpoints) if life.life is Life.RUNNING else None
    if as_json:
        named = {"site": endpoints.site, "line": endpoints.line}
        told = health.model_dump(mode="json") if health else None
        print_json(named | life.model_dump(mode="json") | {"health": told})
    else:
        show_life(endpoints, life, Console())
        if health:
            show(health, Console())
    needs_person = life.needs_person or (health is not None and health.needs_person)
    raise typer.Exit(ExitCode.NO if needs_person else ExitCode.DONE)


def show_life(endpoints: Endpoints, life: LineLife, console: Console) -> None:
    """Print whether the line runs, and its processes that do not."""
    named = f"line {endpoints.line} at site {endpoints.site}, in {life.folder}:"
    console.print(named, styled(life.life, "" if life.life is Life.RUNNING else "bold red"))
    if life.life.remedy:
        console.print(f"    {life.life.remedy}")
    if life.left_behind:
        console.print(f"    processes without a supervisor: {', '.join(life.left_behind)}")
    if life.is_outdated:
        console.print(
            f"    it was started by Referee {life.version}, and {version('referee')} is installed: "
            "stop and start it to update"
        )
    for each in life.programs:
        if not each.runs:
            log = f"see {RunFolder(life.folder).log(each.name)}"
            console.print("   ", styled(f"{each.name} is {each.state}", "bold red"), log)


def health_of(endpoints: Endpoints) -> LineHealth:
    """Return what the processes of a line say about themselves."""
    topics, broker = Topics(endpoints.site, endpoints.line), Broker(LOOPBACK, endpoints.mqtt)
    watch = HealthWatch(broker, topics, f"status-{os.getpid()}")
    watch.start()
    try:
        watch.wait(WAIT_S)
        health = watch.health()
        if any(each.code == "process_silent" for each in health.conditions):
            watch.wait_for_repeats(REPEAT_S)
            health = watch.health()
        return health
    finally:
        watch.stop()


def show(health: LineHealth, console: Console) -> None:
    """Print the stations, the processes, and everything that is wrong."""
    console.print(_stations(health))
    console.print(_processes(health))
    if not health.conditions:
        console.print("Nothing is wrong.")
    for each in health.conditions:
        console.print(_condition(each))


def _stations(health: LineHealth) -> Table:
    table = _table("station", "bridge", "release")
    for each in health.stations:
        table.add_row(Text(each.station), each.phase or "unknown", each.release_id or "none")
    return table


def _processes(health: LineHealth) -> Table:
    table = _table("process", "state", "heard")
    for each in health.processes:
        table.add_row(Text(each.process), each.doing, f"{each.heard_s_ago:.0f} s ago")
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column)
    return table


def _condition(each: OpenCondition) -> Text:
    about = each.station or ", ".join(each.said_by) or "the line"
    since = "" if each.for_s is None else f" (for {each.for_s:.0f} s)"
    text = Text()
    text.append(f"{each.severity}: ", COLOURS[each.severity])
    text.append(f"{about}: {each.words}{since}\n")
    if each.detail:
        text.append(f"    {each.detail}\n")
    text.append(f"    {each.remedy}")
    return text
