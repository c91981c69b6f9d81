"""`referee bench`: the time from capture to the PLC, held against the bare network's own."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shlex
import signal
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.line.report import as_json
from benchmarks.line.run import Extent, measured_line
from benchmarks.line.tables import tables
from runtime.process.machine import processor_name

QUICK_PARTS, PARTS = 60, 1000
SMALL_PX, LARGE_PX = 512, 1024
PACKAGES = ("onnxruntime", "numpy", "opencv-python-headless", "redis", "paho-mqtt")


def register(app: typer.Typer) -> None:
    app.command("bench")(bench)


def bench(
    as_object: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Few parts: about two minutes.")] = False,
    stations: Annotated[int, typer.Option(min=1, max=8, help="At most so many stations.")] = 8,
    prompts: Annotated[int, typer.Option(min=1, max=16, help="At most so many prompts.")] = 16,
    parts: Annotated[
        int | None, typer.Option(min=20, help="Parts of each scenario; 1000, or 60 if --quick.")
    ] = None,
    memory_parts: Annotated[
        int,
        typer.Option(min=0, help="Watch the memory over so many more parts, such as 10000."),
    ] = 0,
) -> None:
    """Bare network, Triton, and the whole line, in one run on one machine: ratios and times."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as by Ctrl-C
    sides = (SMALL_PX,) if quick else (SMALL_PX, LARGE_PX)
    each = parts or (QUICK_PARTS if quick else PARTS)
    extent = Extent(each, sides, stations, prompts, quick, memory_parts)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="referee-bench-") as scratch:
        found = measured_line(extent, Path(scratch), console, _about())
    if as_object:
        typer.echo(json.dumps(as_json(found)))
    else:
        Console(width=None if Console().is_terminal else 140).print(*tables(found), sep="\n")


def _about() -> dict[str, str | int]:
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "machine": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{one} {version(one)}" for one in PACKAGES)]
        ),
        "command": shlex.join(["referee", *sys.argv[1:]]),
    }
