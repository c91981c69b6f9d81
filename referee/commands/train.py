"""`referee train`: train a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from referee.commands.command import add
from referee.commands.options import needs_extra


def register(app: typer.Typer) -> None:
    add(
        app,
        train,
        "referee train --recipe recipes/edge.yaml",
        "referee train --recipe recipes/edge.yaml --resume",
    )


def train(
    recipe: Annotated[Path, typer.Option("--recipe", help="Recipe file (YAML).")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the run. Default: runs/NAME.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the last checkpoint of the run.")
    ] = False,
    device: Annotated[
        str | None, typer.Option("--device", help="cpu or cuda. Default: cuda if available.")
    ] = None,
) -> None:
    """Train a network from a recipe. Ctrl-C stops it; --resume continues, even after kill -9."""
    with needs_extra("train"):
        from inference.training.loop.train import train_command
    raise typer.Exit(train_command(recipe, out, resume, device))
