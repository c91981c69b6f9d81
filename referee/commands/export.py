"""`referee export`: write a run's network for Triton, and its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from referee.commands.command import add
from referee.commands.options import needs_extra
from referee.project import text_encoder_folder


def register(app: typer.Typer) -> None:
    add(app, export, "referee export --checkpoint runs/edge/last.pt --out network")


def export(
    checkpoint: Annotated[
        Path, typer.Option("--checkpoint", help="The last.pt of a training run.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for model.onnx. Default: replace the shipped network."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights", help="Weights file to write. Default: checkpoints/NAME.safetensors."
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option("--figures", help="JSON of `referee evaluate`, to put into model.json."),
    ] = None,
) -> None:
    """Write a run's averaged network as model.onnx, model.json and a weights file."""
    with needs_extra("train"):
        from inference.training.delivery.export import export_command
    export_command(checkpoint, out, weights, figures, text_encoder_folder())
