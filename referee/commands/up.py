"""`referee up`: start a whole line, restart processes that die, stop all on Ctrl-C."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import Unavailable
from contracts.line import LineFile
from referee.commands.options import (
    ImagesOption,
    LineOption,
    RunDirOption,
    WhyOption,
    checked_images,
    end_as_by_ctrl_c,
    run_folder_of,
)
from referee.line.claim import Claim, claimed
from referee.line.endpoints import Endpoints, choose
from referee.line.programs import (
    AT_LAST,
    SOFT_PLC,
    dashboard_program,
    soft_plc_argv,
    stage_environment,
)
from referee.line.running_line import RunningLine, started_line
from referee.line.supervision import ProcessStatus, Program
from referee.project import DEMO_LINE
from runtime.linefile.line_file import load_line_file
from runtime.process.console import Console, Table, styled
from runtime.process.run_folder import RunFolder


def register(app: typer.Typer) -> None:
    app.command("up")(up)


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
    line_file = load_line_file(line)
    folder = run_folder_of(line_file, run_dir).resolved()
    end_as_by_ctrl_c()
    try:
        with claimed(folder, line_file.site, line_file.line) as claim:
            _report_ended(claim, console)
            lost = _serve(line_file, claim, checked_images(images), dashboard, why, console)
    except KeyboardInterrupt:
        lost = False
    if lost:
        console.print("[red]The supervisor was killed; the whole line has been stopped.[/]")
        raise typer.Exit(1)
    console.print("The line has stopped.")


def _serve(
    line: LineFile,
    claim: Claim,
    images: Path | None,
    dashboard: bool,
    why: str,
    console: Console,
) -> bool:
    """Run the line until its supervisor is gone; return whether that was killed."""
    endpoints = choose(line)
    with (
        console.status("starting the servers") as status,
        started_line(
            line,
            endpoints,
            claim,
            images=images,
            extra=_around_the_line(line, endpoints, claim.folder, dashboard),
            on_wait=lambda reason: status.update(f"waiting: {reason}"),
            why=why,
        ) as running,
    ):
        status.stop()
        console.print(_addresses(line, running, dashboard))
        console.print("The line is running. Press Ctrl-C to stop it.")
        with suppress(Unavailable):  # the supervisor is gone
            _report_restarts(running, console)
    return running.supervisor.was_killed


def _report_ended(claim: Claim, console: Console) -> None:
    if claim.ended:
        names = ", ".join(claim.ended)
        console.print(f"Ended what an earlier line had left behind here: {names}.")


def _around_the_line(
    line: LineFile, endpoints: Endpoints, folder: RunFolder, dashboard: bool
) -> tuple[Program, ...]:
    environment = stage_environment(line, endpoints, folder)
    programs = []
    if line.soft_plc is not None:
        argv = soft_plc_argv(line, line.soft_plc, endpoints, folder.soft_plc_report)
        programs.append(Program(SOFT_PLC, argv, environment, AT_LAST))
    if dashboard:
        programs.append(dashboard_program(endpoints, environment))
    return tuple(programs)


def _addresses(line: LineFile, running: RunningLine, dashboard: bool) -> Table:
    e = running.endpoints
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = [("line", f"{line.site}/{line.line}: {', '.join(line.stations)}")]
    if dashboard:
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
    before = _by_name(running)
    while True:
        running.watch.follow(1.0)
        now = _by_name(running)
        for name, process in now.items():
            if process.pid and before[name].pid not in (0, process.pid):
                log = _short(process.log)
                console.print(
                    styled(f"{name} died and was restarted", "yellow"), f"see {log}", soft_wrap=True
                )
            elif not process.pid:
                now[name] = before[name]  # keep the old pid until the new one is there
        before = now


def _by_name(running: RunningLine) -> dict[str, ProcessStatus]:
    return {process.name: process for process in running.supervisor.processes()}
