"""`referee train`: train a network by a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from referee.commands.options import needs_extra


def register(app: typer.Typer) -> None:
    app.command("train")(train)


def train(
    recipe: Annotated[Path, typer.Option("--recipe", help="Recipe file (YAML).")],
    out: Annotated[
        Path | None, typer.Option("--out", help="The run's folder; default runs/NAME.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")
    ] = False,
    device: Annotated[
        str | None, typer.Option("--device", help="cpu or cuda; default: cuda where there is one.")
    ] = None,
) -> None:
    """Train by a recipe. Ctrl-C stops it cleanly; --resume goes on, after a kill -9 too."""
    with needs_extra("train"):
        from inference.training.loop.train import train_command
    raise typer.Exit(train_command(recipe, out, resume, device))
