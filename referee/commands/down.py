"""`referee down`: stop a line that another terminal started."""

from __future__ import annotations

import typer

from referee.commands.command import add
from referee.commands.options import RunDirOption, folder_that_runs
from referee.line.stopping import stop_line
from runtime.process.console import Console


def register(app: typer.Typer) -> None:
    add(app, down, "referee down", "referee down --run-dir .run/plant.line")


def down(run_dir: RunDirOption = None) -> None:
    """Stop every process of a line, and return when all are gone.

    Without --run-dir: the line that was started in this folder and runs. Also ends what a line
    left behind whose supervisor was killed.
    """
    folder = folder_that_runs(run_dir)
    stopped = stop_line(folder)
    if stopped is None:
        Console().print(f"No line is running in {folder.path}.")
        return
    Console().print(f"Stopped the line in {folder.path}.")
    if stopped.left_behind:
        names = ", ".join(stopped.left_behind)
        Console().print(f"Its supervisor was dead; ended what it had left behind: {names}.")
