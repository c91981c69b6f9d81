"""`referee down`: stop a line that another terminal started."""

from __future__ import annotations

import typer
from rich.console import Console

from referee.commands.options import RunDirOption, newest_run_folder
from referee.line.supervision import Supervisor


def register(app: typer.Typer) -> None:
    app.command("down")(down)


def down(run_dir: RunDirOption = None) -> None:
    """Stop every process of a line. Without --run-dir: the line that was started last."""
    folder = newest_run_folder(run_dir)
    supervisor = Supervisor(folder)
    if not supervisor.is_running():
        Console().print(f"No line is running in {folder.path}.")
        return
    supervisor.stop()
    Console().print(f"Stopped the line in {folder.path}.")
