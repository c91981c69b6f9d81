"""`referee run`: so many parts through a whole line, and what it came to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from contracts.errors import BadSettings, LinkDown
from contracts.line import LineFile
from contracts.release import ReplayCamera
from ingest.truth import is_defective, kinds_of_folder, truth_of
from referee.commands.options import ImagesOption, LineOption, RunDirOption, checked_images
from referee.commands.part import database_url
from referee.commands.up import as_ctrl_c
from referee.endpoints import choose
from referee.line import RunningLine, started_line
from referee.programs import SOFT_PLC, soft_plc_argv, stage_environment
from referee.summary import RunFacts, is_sound, summarise
from runtime.linefile import load_line_file
from storage.queries import decided_parts, latencies, ledger, open_sessions

LEDGER_TIMEOUT_S = 60.0


def register(app: typer.Typer) -> None:
    app.command("run")(run)


def run(
    line: LineOption = Path("lines/demo.yaml"),
    images: ImagesOption = None,
    parts: Annotated[int, typer.Option(min=1, help="Parts at each station.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    run_dir: RunDirOption = None,
) -> None:
    """Run a line for a number of parts, without a dashboard, and sum up.

    Exit code 0 where the ledger closed and nothing passed the gate that was not called a pass.
    """
    signal.signal(signal.SIGTERM, as_ctrl_c)
    line_file = load_line_file(line)
    if line_file.soft_plc is None:
        raise BadSettings(
            f"{line}: a run needs `soft_plc`; a line with a real PLC is started with up"
        )
    with tempfile.TemporaryDirectory(prefix="referee-run-") as scratch:
        folder = (run_dir or Path(scratch)).resolve()
        summary = _run(line_file, checked_images(images), parts, folder)
    _print(summary, as_json)
    raise typer.Exit(0 if is_sound(summary) else 1)


def _run(line: LineFile, images: Path | None, parts: int, folder: Path) -> dict[str, Any]:
    console = Console(stderr=True)

    def on_wait(reason: str) -> None:
        status.update(f"waiting: {reason}")

    endpoints = choose(line.site, line.line, line.sockets, dashboard=False)
    with (
        console.status("starting the line") as status,
        started_line(
            line,
            endpoints,
            folder,
            images=images,
            on_wait=lambda why: status.update(f"waiting: {why}"),
        ) as running,
    ):
        status.stop()
        started_utc_ns = time.time_ns()
        restarts = _run_belt(line, running, parts, console)
        with console.status("waiting for the ledger to close"):
            facts = _settled_facts(line, running, restarts, started_utc_ns)
    return {"site": line.site, "line": line.line} | summarise(facts, _truth(line, images))


def _run_belt(line: LineFile, running: RunningLine, parts: int, console: Console) -> Counter[str]:
    """Until every part has passed the gate; counts what had to be started again meanwhile."""
    assert line.soft_plc is not None
    report = running.run_dir / "soft-plc.json"
    argv = soft_plc_argv(line, line.soft_plc, running.endpoints, report, parts)
    environment = os.environ | stage_environment(line, running.endpoints, running.run_dir)
    log_file = running.run_dir / "logs" / f"{SOFT_PLC}.log"
    restarts = Restarts(running)
    with log_file.open("w") as log, _progress(console) as progress:
        bar = progress.add_task("parts", total=parts * len(line.stations))
        belt = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)
        try:
            while belt.poll() is None:
                running.watch.follow(0.5)
                restarts.look()
                progress.update(bar, completed=_at_the_gate(report))
            progress.update(bar, completed=_at_the_gate(report))
        finally:
            belt.terminate()
            belt.wait()
    if belt.returncode != 0:
        raise LinkDown("the soft PLC", f"ended with exit code {belt.returncode}, see {log_file}")
    restarts.look()
    return restarts.counts


class Restarts:
    """Counts processes whose id has changed between two looks."""

    def __init__(self, running: RunningLine) -> None:
        self._running = running
        self._pids = {process.name: process.pid for process in running.supervisor.processes()}
        self.counts: Counter[str] = Counter()

    def look(self) -> None:
        """Compare with the last look."""
        for process in self._running.supervisor.processes():
            if process.pid and process.pid != self._pids[process.name]:
                self.counts[process.name] += 1
                self._pids[process.name] = process.pid


def _settled_facts(
    line: LineFile, running: RunningLine, restarts: Counter[str], since_utc_ns: int
) -> RunFacts:
    """The run's facts once the ledger is closed, or as they stand after a minute."""
    report = json.loads((running.run_dir / "soft-plc.json").read_text())
    triggered = sum(unit["triggered"] for unit in report["units"].values())
    sessions = open_sessions(database_url(running.run_dir))
    deadline = time.monotonic() + LEDGER_TIMEOUT_S
    while True:
        with sessions() as session:
            rows = ledger(session, since_utc_ns=since_utc_ns)
            closed = all(row.closed for row in rows)
            if (closed and sum(row.triggered for row in rows) >= triggered) or (
                time.monotonic() > deadline
            ):
                times = latencies(session, since_utc_ns=since_utc_ns, limit=triggered)
                return RunFacts(
                    units={name: station.plc_unit for name, station in line.stations.items()},
                    ledger=rows,
                    parts=decided_parts(session, since_utc_ns),
                    report=report,
                    capture_to_plc_ms=[
                        one.capture_to_plc_ms for one in times if one.capture_to_plc_ms is not None
                    ],
                    restarts=restarts,
                )
        running.watch.follow(0.25)


def _truth(line: LineFile, images: Path | None) -> Callable[[str], bool | None]:
    """Whether the part behind a frame's source is defective; None where nobody knows."""
    folders = {
        images or Path(station.camera.folder or ".")
        for station in line.stations.values()
        if isinstance(station.camera, ReplayCamera)
    }
    kinds = {source: kind for folder in folders for source, kind in kinds_of_folder(folder).items()}

    def truth(source: str) -> bool | None:
        kind = truth_of(source, kinds)
        return None if kind is None else is_defective(kind)

    return truth


def _at_the_gate(report: Path) -> int:
    if not report.exists():
        return 0
    units = json.loads(report.read_text())["units"].values()
    return sum(unit["ejected"] + unit["passed"] for unit in units)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("parts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)


def _print(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(summary))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in summary.items():
        inner = value.items() if isinstance(value, dict) else None
        told = ", ".join(f"{key} {count}" for key, count in inner) if inner is not None else value
        table.add_row(f"[bold]{name}[/]", str(told) or "none")
    Console().print(table)
