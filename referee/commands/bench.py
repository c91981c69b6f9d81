"""`referee bench`: the line, the PLC bridge, inference engines and peer networks, measured."""

from __future__ import annotations

import datetime
import json
import logging
import os
import platform
import shlex
import signal
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from referee.commands.command import add
from referee.commands.options import needs_extra
from runtime.process.console import Console, print_json
from runtime.process.files import write_text
from runtime.process.processor import processor_name

QUICK_PARTS, PARTS = 60, 1000
SMALL_PX, LARGE_PX = 512, 1024
PACKAGES = ("onnxruntime", "numpy", "opencv-python-headless", "redis", "paho-mqtt")
DEFAULT = "line"


class LineByDefault(TyperGroup):
    """`referee bench --quick` is `referee bench line --quick`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    bench = typer.Typer(
        cls=LineByDefault,
        help="Measure: the line (if none is named), plc, power, engines, peers or words.",
    )
    add(bench, line, "referee bench --quick", "referee bench line --json")
    add(bench, page, "referee bench page measured.json --out docs/benchmarks.md")
    add(bench, plc, "referee bench plc --parts 1000 --restarts 1")
    add(bench, power, "referee bench power --cycles 20 --seed 1")
    add(bench, engines, "referee bench engines --repeats 5")
    add(bench, peers, "referee bench peers --steps 100 --out peers.md")
    add(bench, words, "referee bench words")
    app.add_typer(bench, name="bench")


def line(
    as_object: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of tables.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Few parts: about two minutes.")] = False,
    stations: Annotated[int, typer.Option(min=1, max=8, help="Most stations to try.")] = 8,
    prompts: Annotated[int, typer.Option(min=1, max=16, help="Most prompts to try.")] = 16,
    parts: Annotated[
        int | None, typer.Option(min=20, help="Parts in each scenario; 1000, or 60 with --quick.")
    ] = None,
    memory_parts: Annotated[
        int,
        typer.Option(min=0, help="Then watch the memory while this many parts pass, e.g. 10000."),
    ] = 0,
) -> None:
    """Time the whole line, from capture to PLC, against the network alone on the same machine."""
    with needs_extra("line"):
        from benchmarks.line.line_run import Extent, measured_line
        from benchmarks.line.report import as_json
        from benchmarks.line.tables import tables
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as by Ctrl-C
    sides = (SMALL_PX,) if quick else (SMALL_PX, LARGE_PX)
    each = parts or (QUICK_PARTS if quick else PARTS)
    extent = Extent(each, sides, stations, prompts, quick, memory_parts)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="referee-bench-") as scratch:
        found = measured_line(extent, Path(scratch), console, _about())
    if as_object:
        print_json(as_json(found))
    else:
        Console().print(*tables(found), sep="\n")


def page(
    measured: Annotated[Path, typer.Argument(help="What `referee bench line --json` printed.")],
    out: Annotated[Path, typer.Option(help="The page to write; its plots go beside it.")],
) -> None:
    """Write the line's page and plots from the JSON object. Measures nothing."""
    with needs_extra("train"):
        from benchmarks.line.line_page import write_page
    write_page(measured, out)


def plc(
    parts: Annotated[int, typer.Option(min=0, help="Parts of the run with restarts.")] = 10_000,
    rate: Annotated[float, typer.Option(help="Parts a second of that run.")] = 20.0,
    restarts: Annotated[int, typer.Option(min=0, help="Kills of the bridge in that run.")] = 5,
    p99_parts: Annotated[int, typer.Option(min=0, help="Parts of the run that is timed.")] = 1500,
    p99_rate: Annotated[float, typer.Option(help="Parts a second of that run.")] = 50.0,
    seed: Annotated[int, typer.Option(help="Seed of the scripted verdicts.")] = 1,
    figures: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures as JSON.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Keep logs, journal and database in this folder.")
    ] = None,
) -> None:
    """Run the PLC bridge for long, with restarts. Exits with 1 if a promise does not hold."""
    with needs_extra("line"):
        from benchmarks.plc.plc_benchmark import PlcOptions, plc_benchmark
        from benchmarks.plc.plc_page import document, report
    options = PlcOptions(parts, rate, restarts, p99_parts, p99_rate, seed, folder)
    setting = plc_benchmark(options, _command())
    if figures:
        write_text(figures, json.dumps(report(setting), indent=2) + "\n")
    _write(document(setting), out)
    raise typer.Exit(1 if setting.broken else 0)


def power(
    cycles: Annotated[int, typer.Option(min=1, help="How often the power is cut.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of what is cut and when.")] = 1,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Keep logs, journals and databases in this folder.")
    ] = None,
) -> None:
    """Cut the power of PLC and bridge at random moments. Exits with 1 if a promise is broken."""
    with needs_extra("line"):
        from benchmarks.plc.power_benchmark import broken, power_benchmark
        from benchmarks.plc.power_page import document
    runs = power_benchmark(cycles, seed, folder)
    _write(document(runs, _command()), out)
    raise typer.Exit(1 if broken(runs) else 0)


def engines(
    repeats: Annotated[int, typer.Option(min=1, help="Calls of each engine in each case.")] = 20,
    pictures: Annotated[
        int, typer.Option(min=1, help="How many pictures' answers to compare.")
    ] = 24,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page.")] = None,
) -> None:
    """Compare ONNX Runtime and OpenVINO on the exported network (needs `pip install openvino`)."""
    with needs_extra("triton"):
        from benchmarks.engines.engine_benchmark import engine_benchmark

    _write(engine_benchmark(repeats, pictures, _command()), out)


def peers(
    steps: Annotated[
        int | None, typer.Option(min=1, help="Training steps of each run; default: the recipe's.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page.")] = Path("docs/peers.md"),
    runs: Annotated[str, typer.Option(help="Contenders, with commas; default: all.")] = "",
    lines: Annotated[str, typer.Option(help="Lines of the recipe; default: all.")] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a run that was stopped.")
    ] = False,
    table_only: Annotated[
        bool, typer.Option("--table-only", help="Write the page, train nothing.")
    ] = False,
    val_every: Annotated[int, typer.Option(min=1, help="Ask about every N-th picture of val.")] = 1,
    folder: Annotated[Path, typer.Option(help="Keeps the runs.")] = Path("runs/peers"),
    recipe: Annotated[Path | None, typer.Option(help="Another recipe for all runs.")] = None,
    note: Annotated[str, typer.Option(help="A paragraph for the page.")] = "",
) -> None:
    """Train DQFormer, other networks and ablations with one budget; write the table of figures."""
    with needs_extra("train"):
        from benchmarks.peers.peer_benchmark import RECIPE, PeerOptions, peer_benchmark
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options = PeerOptions(
        steps=steps,
        out=out,
        runs=_names(runs),
        lines=_names(lines),
        resume=resume,
        table_only=table_only,
        val_every=val_every,
        folder=folder,
        recipe=recipe or RECIPE,
        note=note,
    )
    peer_benchmark(options)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _command() -> str:
    return shlex.join(["referee", *sys.argv[1:]])


def _write(text: str, out: Path | None) -> None:
    if out:
        write_text(out, text)
    typer.echo(text, nl=False)


def _about() -> dict[str, str | int]:
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "machine": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{one} {version(one)}" for one in PACKAGES)]
        ),
        "command": _command(),
    }


def words() -> None:
    """Measure which prompts are warned of as not understood, on prompts that people judged."""
    from benchmarks.words.word_benchmark import measured
    from benchmarks.words.word_page import page
    from referee.line.word_check import served_reader

    typer.echo(page(measured(served_reader())))
