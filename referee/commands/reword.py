"""`referee reword`: teach a trained network other words for what it finds already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from referee.commands.command import add
from referee.commands.options import needs_extra


def register(app: typer.Typer) -> None:
    add(
        app,
        reword,
        "referee reword --recipe recipes/edge.yaml --start runs/edge/last.pt --out runs/reworded",
    )


def reword(
    recipe: Annotated[Path, typer.Option("--recipe", help="Training recipe (YAML).")],
    start: Annotated[Path, typer.Option("--start", help="The run's last.pt to begin with.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the new run.")],
    teacher: Annotated[
        Path | None,
        typer.Option(
            "--teacher", help="Learn from this last.pt instead, if START was reworded before."
        ),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Training steps.")] = 3000,
    learning_rate: Annotated[float, typer.Option(help="Largest learning rate.")] = 5e-4,
) -> None:
    """Teach a trained network new names and sentences for what it already finds."""
    with needs_extra("train"):
        from inference.training.loop.rewording import reword_command
    reword_command(recipe, start, out, steps, learning_rate, teacher)
