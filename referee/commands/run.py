"""`referee run`: send a number of parts through a whole line and print a summary."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from contracts.errors import UserError
from contracts.line import LineFile, SoftPlc
from referee.account.facts import known_truth, settled_facts
from referee.account.summary import is_sound, summarise
from referee.commands.command import add
from referee.commands.options import (
    ImagesOption,
    LineOption,
    RunDirOption,
    checked_images,
)
from referee.line.belt import run_belt
from referee.line.claim import claimed
from referee.line.endpoints import choose
from referee.line.running_line import started_line
from referee.line.start import Start
from referee.line.stop_signals import end_as_by_ctrl_c
from referee.project import DEMO_LINE
from runtime.linefile.line_file import load_line_file
from runtime.process.console import Console, Table, print_json, styled
from runtime.process.run_folder import RunFolder
from runtime.process.settings import run_folder_at


def register(app: typer.Typer) -> None:
    add(
        app,
        run,
        "referee run --parts 200",
        "referee run --line line.yaml --images photos --parts 50 --json",
    )


def run(
    line: LineOption = DEMO_LINE,
    images: ImagesOption = None,
    parts: Annotated[int, typer.Option(min=1, help="Number of parts at each station.")] = 200,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
    run_dir: RunDirOption = None,
) -> None:
    """Run a line for a number of parts, without a dashboard, and print a summary.

    Exits with 0 if the ledger is closed and every part that passed the gate has the verdict
    "pass"; else with 1.
    """
    end_as_by_ctrl_c()
    line_file = load_line_file(line, images=checked_images(images), starts=True)
    if line_file.soft_plc is None:
        raise UserError(
            f"{line}: `referee run` needs a `soft_plc` section; use `referee up` with a real PLC"
        )
    with tempfile.TemporaryDirectory(prefix="referee-run-") as scratch:
        folder = run_folder_at(run_dir or Path(scratch)).resolved()
        summary = _run(line_file, line_file.soft_plc, checked_images(images), parts, folder)
    _print(summary, as_json)
    raise typer.Exit(0 if is_sound(summary) else 1)


def _run(
    line: LineFile, plc: SoftPlc, images: Path | None, parts: int, folder: RunFolder
) -> dict[str, Any]:
    console = Console(stderr=True)
    with (
        claimed(folder, line.site, line.line) as claim,
        console.status("starting the line") as status,
        started_line(
            Start.here(line, images),
            choose(line, outward=False),
            claim,
            on_wait=lambda why: status.update(f"waiting: {why}"),
        ) as running,
    ):
        status.stop()
        started_utc_ns = time.time_ns()
        restarts = run_belt(line, plc, running, parts, console)
        with console.status("waiting for the ledger to close"):
            facts = settled_facts(line, running, restarts, started_utc_ns)
    return {"site": line.site, "line": line.line} | summarise(facts, known_truth(line, images))


def _print(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(summary)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in summary.items():
        inner = value.items() if isinstance(value, dict) else None
        told = ", ".join(f"{key} {count}" for key, count in inner) if inner is not None else value
        table.add_row(styled(name, "bold"), str(told) or "none")
    Console().print(table)
