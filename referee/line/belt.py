"""Runs the simulated PLC for a number of parts and shows the progress."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from contracts.errors import Unavailable
from contracts.line import LineFile, SoftPlc
from referee.line.line_processes import mark
from referee.line.programs import SOFT_PLC, soft_plc_argv, stage_environment
from referee.line.running_line import RunningLine
from runtime.process.console import Console


def run_belt(
    line: LineFile, plc: SoftPlc, running: RunningLine, parts: int, console: Console
) -> Counter[str]:
    """Run until every part has passed the gate; return how often each process was restarted.

    Raises:
        Unavailable: the simulated PLC ended before its last part; the text names its log.
    """
    report = running.folder.soft_plc_report
    argv = soft_plc_argv(line, plc, running.endpoints, report, parts)
    environment = os.environ | stage_environment(line, running.endpoints, running.folder)
    environment |= mark(running.folder)
    log_file = running.folder.log(SOFT_PLC)
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
        raise Unavailable(
            "the simulated PLC", f"ended with exit code {belt.returncode}, see {log_file}"
        )
    restarts.look()
    return restarts.counts


class Restarts:
    """Counts processes whose id changed between two calls of ``look``."""

    def __init__(self, running: RunningLine) -> None:
        self._running = running
        self._pids = {process.name: process.pid for process in running.supervisor.processes()}
        self.counts: Counter[str] = Counter()

    def look(self) -> None:
        """Compare with the last call."""
        for process in self._running.supervisor.processes():
            if process.pid and process.pid != self._pids.get(process.name, process.pid):
                self.counts[process.name] += 1
            if process.pid:
                self._pids[process.name] = process.pid


def _at_the_gate(report: Path) -> int:
    if not report.exists():
        return 0
    units = json.loads(report.read_text())["units"].values()
    return sum(unit["ejected"] + unit["passed"] for unit in units)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("parts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)
