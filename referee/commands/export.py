"""`referee export`: a run's network for Triton, and its weights to fine-tune from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from referee.commands.options import needs_extra


def register(app: typer.Typer) -> None:
    app.command("export")(export)


def export(
    checkpoint: Annotated[Path, typer.Option("--checkpoint", help="A run's last.pt.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of model.onnx; default: the network that ships."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="Weights file; default checkpoints/NAME.safetensors."),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option("--figures", help="What `evaluate` wrote, for model.json.")
    ] = None,
) -> None:
    """Write a run's averaged network as model.onnx, model.json and a weights file."""
    with needs_extra("train"):
        from inference.training.delivery.export import export_command
    export_command(checkpoint, out, weights, figures)
