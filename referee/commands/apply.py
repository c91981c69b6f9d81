"""`referee apply`: put a changed line file in force on a running line, between parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from contracts.exit_codes import ExitCode
from contracts.names import Topics
from referee.commands.command import add
from referee.commands.options import (
    ByOption,
    JsonOption,
    RunDirOption,
    WhyOption,
    host_and_port,
    running_folder,
)
from referee.commands.words import print_word_warnings
from referee.line.applying import apply_processes, apply_stations, check_processes, unconfirmed
from referee.line.endpoints import LOOPBACK, Endpoints
from referee.line.signing import signed, this_user
from referee.line.station_changes import Change, Outcome
from referee.line.watch import watch_line
from referee.line.word_check import warning_lines
from runtime.linefile.line_file import load_line_file
from runtime.messaging.broker import Broker
from runtime.process.console import Console, Table, print_json, styled


def register(app: typer.Typer) -> None:
    add(
        app,
        apply,
        'referee apply line.yaml --by "Anna Berg" --why "smaller scratches"',
        "referee apply line.yaml --mqtt broker:1883",
    )


def apply(
    file: Annotated[Path, typer.Argument(help="The changed line file.")],
    run_dir: RunDirOption = None,
    mqtt: Annotated[
        str | None,
        typer.Option(help="host:port of the MQTT broker, for a line on another machine."),
    ] = None,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart",
            help="Also restart processes if the change needs it; their parts get no verdict.",
        ),
    ] = False,
    by: ByOption = None,
    why: WhyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Compare a line file with the running line, and put in force what has changed.

    Says for each station whether it is in force now, needs a restart or is refused. A station can
    be added, renamed (`renamed_from`) or removed; the others go on. Parts already inspected keep
    the release they were inspected with. Who made the change, and why, is stored with it.

    Exits with 0 if all that the file says is in force, else with 1.
    """
    host_and_port("--mqtt", mqtt)
    line = load_line_file(file, elsewhere=mqtt is not None)
    activations = signed(line.releases(), by or this_user(), why)
    print_word_warnings(warning_lines(activations), Console(stderr=True))
    folder = None if mqtt else running_folder(line, run_dir)
    endpoints = Endpoints.load(folder) if folder else None
    broker = Broker(LOOPBACK, endpoints.mqtt) if endpoints else _broker(mqtt or "")
    served = endpoints.fieldbuses if endpoints else line.fieldbus_ports
    if folder:
        check_processes(folder, line)
    with watch_line(Topics(line.site, line.line), broker) as watch:
        published = apply_stations(watch, line, activations, served, restart=restart)
        plan = published.plan
        changes = apply_processes(folder, line, plan, restart=restart) if folder else []
        doubtful = {each.subject: each for each in unconfirmed(watch, published)}
    answer = [doubtful.get(each.subject, each) for each in (*plan.changes, *changes)]
    _print(answer, as_json)
    raise typer.Exit(ExitCode.DONE if all(map(_is_done, answer)) else ExitCode.NO)


def _is_done(change: Change) -> bool:
    return change.outcome in (Outcome.UNCHANGED, Outcome.IN_FORCE)


def _print(changes: Sequence[Change], as_json: bool) -> None:
    if as_json:
        print_json({"changes": [change._asdict() for change in changes]})
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for change in changes:
        style = "" if _is_done(change) else "yellow"
        table.add_row(styled(change.subject, "bold"), styled(change.outcome, style), change.detail)
    Console().print(table)


def _broker(address: str) -> Broker:
    host, _, port = address.rpartition(":")
    return Broker(host, int(port))
