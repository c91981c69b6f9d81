"""`referee finetune`: train the shipped network further, on your own parts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import UserError
from referee.commands.command import add
from referee.commands.options import needs_extra
from referee.project import MODELS, SHIPPED_WEIGHTS, text_encoder_folder


def register(app: typer.Typer) -> None:
    add(
        app,
        finetune,
        "referee finetune --data photos",
        "referee finetune --data photos --minutes 20",
    )


def finetune(
    data: Annotated[
        Path, typer.Option("--data", help="Folder with an index.json, or in MVTec AD layout.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results. Default: runs/FOLDER.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=1, help="Longest time for everything.")] = 40.0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Number of training steps, instead of a time.")
    ] = None,
    start_from: Annotated[
        Path,
        typer.Option(
            help="Weights (.safetensors, or the last.pt of a run) to start from.",
            show_default="shipped",
        ),
    ] = SHIPPED_WEIGHTS,
    grammar: Annotated[
        Path | None,
        typer.Option(help="Names of your kinds of defects (YAML, adds to captions.yaml)."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 0,
    device: Annotated[
        str | None, typer.Option("--device", help="cpu or cuda. Default: cuda if available.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a run that was stopped.")
    ] = False,
) -> None:
    """Fine-tune on about a hundred labelled pictures. Writes network, figures and model card."""
    if not start_from.is_file():
        raise UserError(f"--start-from {start_from}: no such file")
    with needs_extra("train"):
        from inference.training.delivery.finetune import FinetuneOptions
        from inference.training.delivery.finetune import finetune as whole
    options = FinetuneOptions(
        data=data,
        out=out or Path("runs") / data.resolve().name,
        start_from=start_from,
        text_encoder=text_encoder_folder(),
        shipped=MODELS,
        grammar=grammar,
        minutes=minutes,
        steps=steps,
        seed=seed,
        device=device,
        resume=resume,
    )
    raise typer.Exit(whole(options))
