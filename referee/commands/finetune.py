"""`referee finetune`: the network that ships, made better on a user's own parts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import UserError
from referee.commands.options import needs_extra
from referee.project import MODELS, SHIPPED_WEIGHTS, text_encoder_folder


def register(app: typer.Typer) -> None:
    app.command("finetune")(finetune)


def finetune(
    data: Annotated[
        Path, typer.Option("--data", help="Folder in MVTec AD layout, or with an index.json.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for all of it; default runs/FOLDER.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=1, help="How long it may take, all in all.")] = 40.0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="So many steps, however long they take.")
    ] = None,
    start_from: Annotated[
        Path, typer.Option(help="Weights (safetensors) or a run's last.pt to begin with.")
    ] = SHIPPED_WEIGHTS,
    grammar: Annotated[
        Path | None,
        typer.Option(help="What your kinds are called: a file that adds to captions.yaml."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    device: Annotated[
        str | None, typer.Option("--device", help="cpu or cuda; default: cuda where there is one.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped.")
    ] = False,
) -> None:
    """Fine-tune on some hundred labelled pictures; writes network, figures and model card."""
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
