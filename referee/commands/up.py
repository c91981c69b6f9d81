"""`referee up`: start a whole line, restart processes that die, stop all on Ctrl-C."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import Unavailable
from contracts.exit_codes import ExitCode
from referee.commands.command import add
from referee.commands.options import (
    ImagesOption,
    LineOption,
    RunDirOption,
    WhyOption,
    checked_images,
    run_folder_of,
)
from referee.commands.words import print_word_warnings
from referee.line.claim import Claim, claimed
from referee.line.endpoints import choose
from referee.line.running_line import RunningLine, started_line
from referee.line.start import Start
from referee.line.stop_signals import end_as_by_ctrl_c
from referee.line.word_check import warning_lines
from referee.project import DEMO_LINE
from runtime.linefile.line_file import load_line_file
from runtime.process.console import Console, Table, styled


def register(app: typer.Typer) -> None:
    add(app, up, "referee up", "referee up --line lines/magnetic_tile.yaml --images photos")


def up(
    line: LineOption = DEMO_LINE,
    images: ImagesOption = None,
    run_dir: RunDirOption = None,
    dashboard: Annotated[bool, typer.Option(help="Start the dashboard too.")] = True,
    why: WhyOption = "",
) -> None:
    """Start a line: servers, stages, dashboard; also the simulated PLC if the line file has one.

    Exits with 0 when it was stopped, with 1 when its supervisor was killed.
    """
    console = Console()
    line_file = load_line_file(line, images=checked_images(images), starts=True)
    folder = run_folder_of(line_file, run_dir).resolved()
    end_as_by_ctrl_c()
    try:
        with claimed(folder, line_file.site, line_file.line) as claim:
            _report_ended(claim, console)
            start = Start.here(
                line_file, checked_images(images), soft_plc=True, dashboard=dashboard
            )
            lost = _serve(start, claim, why, console)
    except KeyboardInterrupt:
        lost = False
    if lost:
        text = "The supervisor was killed; the whole line has been stopped."
        console.print(styled(text, "red"))
        raise typer.Exit(ExitCode.NO)
    console.print("The line has stopped.")


def _serve(start: Start, claim: Claim, why: str, console: Console) -> bool:
    """Run the line until its supervisor is gone; return whether that was killed."""
    with (
        console.status("starting the servers") as status,
        started_line(
            start,
            choose(start.line),
            claim,
            on_wait=lambda reason: status.update(f"waiting: {reason}"),
            why=why,
        ) as running,
    ):
        status.stop()
        console.print(_addresses(start, running))
        print_word_warnings(warning_lines(running.activations), console)
        console.print("The line is running. Press Ctrl-C to stop it.")
        with suppress(Unavailable):  # the supervisor is gone
            _report_restarts(running, console)
    return running.supervisor.was_killed


def _report_ended(claim: Claim, console: Console) -> None:
    if claim.ended:
        names = ", ".join(claim.ended)
        console.print(f"Ended what an earlier line had left behind here: {names}.")


def _addresses(start: Start, running: RunningLine) -> Table:
    line, e = start.line, running.endpoints
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = [("line", f"{line.site}/{line.line}: {', '.join(line.stations)}")]
    if start.dashboard:
        rows.append(("dashboard", f"http://{e.reachable_host}:{e.dashboard}"))
    rows += [
        *((f"PLC, {name}", f"{e.reachable_host}:{port}") for name, port in e.fieldbuses.items()),
        ("MQTT", f"127.0.0.1:{e.mqtt}, topics referee/v1/{line.site}/{line.line}/#"),
        ("Triton", f"127.0.0.1:{e.triton_grpc} (gRPC), {e.triton_http} (HTTP)"),
        ("logs", str(_short(running.folder.logs))),
    ]
    for name, value in rows:
        table.add_row(styled(name, "bold"), value)
    return table


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _report_restarts(running: RunningLine, console: Console) -> None:
    """Print one line for each process that was restarted, until Ctrl-C."""
    pids = _pids(running)
    while True:
        running.watch.follow(1.0)
        for process in running.supervisor.processes():
            if process.pid and pids.get(process.name, process.pid) != process.pid:
                name, log = styled(process.name, "yellow"), _short(process.log)
                console.print(name, f"ended and was started again, see {log}")
        pids |= _pids(running)  # the old one stays until the new one is there


def _pids(running: RunningLine) -> dict[str, int]:
    return {each.name: each.pid for each in running.supervisor.processes() if each.pid}
