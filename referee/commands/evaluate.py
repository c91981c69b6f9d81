"""`referee evaluate`: how good is the network on labelled pictures?"""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.errors import UserError
from referee.commands.command import add
from referee.commands.options import host_and_port
from referee.measured import EngineName, open_engine, threads_of
from referee.tables.evaluation_tables import agreement_text, tables, word_tables
from runtime.process.console import Console, print_json, progress
from runtime.process.files import made_folder
from runtime.process.processor import processor_name

if TYPE_CHECKING:
    from inference.training.data.labelled_lines import LabelledLine
    from inference.training.evaluation.engines import Engine


def register(app: typer.Typer) -> None:
    add(
        app,
        evaluate,
        "referee evaluate --data photos",
        "referee evaluate --data photos --engine onnx --json",
    )


def evaluate(
    data: Annotated[
        Path,
        typer.Option(
            help="Folder of a line (index.json, or MVTec AD layout), or of several lines; "
            "or a folder that `referee data build` wrote."
        ),
    ],
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Weights (.safetensors or last.pt). Default: the shipped weights."),
    ] = None,
    split: Annotated[
        str, typer.Option(help="Which pictures to use; without an index, test counts as val.")
    ] = ("val"),
    engine: Annotated[
        EngineName | None,
        typer.Option(help="served: as on a line. Default: served, or torch with --checkpoint."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Skip figures on paraphrases, on no text, and by pixel.")
    ] = False,
    gallery: Annotated[
        Path | None, typer.Option(help="Folder for pictures of the worst cases.")
    ] = None,
    speed: Annotated[
        bool,
        typer.Option(
            "--speed", help="Also measure the time for 1, 4 and 16 prompts (on an idle machine)."
        ),
    ] = False,
    agree: Annotated[
        bool, typer.Option("--agree", help="Only compare the masks of torch and served.")
    ] = False,
    triton: Annotated[
        str | None, typer.Option(help="host:port of a running Triton (gRPC). Default: start one.")
    ] = None,
) -> None:
    """Measure the network on labelled pictures. Exits with 1 if --agree finds a disagreement.

    Uses the default rule: any finding, however small, rejects the part.
    """
    from inference.training.data.labelled_lines import labelled_lines
    from inference.training.referring.referring_set import FILE

    host_and_port("--triton", triton)
    if gallery is not None:
        made_folder(gallery)
    measure: Callable[[Engine], dict[str, Any]]
    if (data / FILE).is_file():
        if agree or gallery or speed or quick:
            raise UserError(f"{data} holds expressions: only --json can be used with it")
        measure, shown = _words_measured(data, split), word_tables
    else:
        lines = labelled_lines(data, split)
        if agree:
            _agree(lines, checkpoint, triton, as_json)
            return
        measure, shown = partial(_measured, lines, quick, gallery, speed), tables
    name = engine or (EngineName.TORCH if checkpoint else EngineName.SERVED)
    if triton is not None and name != EngineName.SERVED:
        raise UserError("--triton is for --engine served")
    with ExitStack() as stack:
        with Console(stderr=True).status(f"starting {name}"):
            network = stack.enter_context(open_engine(name, checkpoint, triton))
        report = measure(network)
    about = _about(data, split, name, network.version)
    if as_json:
        print_json({**about, **report})
    else:
        Console().print(*shown(about, report), sep="\n")


def _measured(
    lines: list[LabelledLine],
    quick: bool,
    gallery: Path | None,
    timed: bool,
    network: Engine,
) -> dict[str, Any]:
    from inference.training.evaluation.gallery import write_gallery
    from inference.training.evaluation.labelled_figures import labelled_figures
    from inference.training.evaluation.speed import speed

    with progress(sum(len(line.entries) for line in lines), "measuring") as advance:
        figures, seen = labelled_figures(network, lines, quick, advance)
    report: dict[str, Any] = {"lines": figures}
    if gallery is not None:
        index = write_gallery(gallery, network, lines, seen)
        Console(stderr=True).print(f"wrote {index}", soft_wrap=True)
    if timed:
        report["speed"] = {line.name: speed(network, line) for line in lines}
    return report


def _words_measured(folder: Path, split: str) -> Callable[[Engine], dict[str, Any]]:
    """How a referring data set is measured; it is read at once."""
    from inference.training.evaluation.referring_figures import by_picture, referring_figures
    from inference.training.referring.referring_set import read_referring

    pictures = by_picture(read_referring(folder), split)

    def measure(network: Engine) -> dict[str, Any]:
        with progress(len(pictures), "measuring") as advance:
            return {"lines": referring_figures(network, folder, pictures, advance)}

    return measure


def _agree(
    lines: list[LabelledLine], checkpoint: Path | None, triton: str | None, as_json: bool
) -> None:
    from inference.training.evaluation.served_agreement import agreement

    total = sum(len(line.entries) for line in lines)
    with ExitStack() as stack:
        with Console(stderr=True).status("starting torch and served"):
            in_torch = stack.enter_context(open_engine(EngineName.TORCH, checkpoint))
            served = stack.enter_context(open_engine(EngineName.SERVED, checkpoint, triton))
        advance = stack.enter_context(progress(total, "comparing"))
        found = agreement(in_torch, served, lines, advance)
    if as_json:
        print_json({"agreement": found})
    else:
        Console().print(agreement_text(found), soft_wrap=True)
    raise typer.Exit(0 if found["agree"] else 1)


def _about(data: Path, split: str, name: EngineName, version: str) -> dict[str, Any]:
    """Where the figures come from."""
    from inference.imaging import MAX_SIDE_PX
    from inference.training.evaluation.figures.masks import SHIPPED

    return {
        "data": data.resolve().name,
        "split": split,
        "engine": str(name),
        "weights": version,
        "prompt": SHIPPED.words,
        "smallest_area_px2": 0.0,
        "max_side_px": MAX_SIDE_PX,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {processor_name()}",
        "cores": len(os.sched_getaffinity(0)),
        "threads": threads_of(name),
    }
