"""`referee status`: what is wrong with a line right now, and what to do."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.conditions import Severity
from contracts.health import LineHealth, OpenCondition
from contracts.names import Topics
from referee.commands.options import RunDirOption, newest_run_folder
from referee.line.endpoints import LOOPBACK, Endpoints
from runtime.messaging.broker import Broker
from runtime.messaging.health_watch import HealthWatch

WAIT_S = 2.0
REPEAT_S = 6.0
"""A process that lives repeats its state within this time."""
COLOURS = {Severity.ALARM: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def register(app: typer.Typer) -> None:
    app.command("status")(status)


def status(
    run_dir: RunDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how a running line is, and what to do if something is wrong.

    Without --run-dir: the line that was started last. Exits with 1 if a person should come: if
    there is an alarm.
    """
    folder = newest_run_folder(run_dir)
    health = health_of(Endpoints.load(folder))
    if as_json:
        typer.echo(health.model_dump_json(indent=2))
    else:
        show(health, Console())
    raise typer.Exit(1 if health.needs_person else 0)


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
