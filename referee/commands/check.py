"""`referee check`: read a line file as the line does, and show what it means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.causes import TriggerSource
from contracts.errors import Unavailable, UserError
from contracts.release import Release, StationConfig
from referee.account.last_run import LastRun, last_run
from referee.commands.command import add
from referee.commands.options import RunDirOption, run_folder_of
from referee.line.word_check import WarnedPrompt, refuse, unconfirmed, warned_prompts
from referee.tables.deadline_table import deadline_table, warning
from runtime.linefile.line_file import load_line_file
from runtime.process.console import Console, Table, styled
from runtime.process.run_folder import RunFolder


def register(app: typer.Typer) -> None:
    add(app, check, "referee check lines/demo.yaml")


def check(
    file: Annotated[Path, typer.Argument(help="Line file (YAML).")], run_dir: RunDirOption = None
) -> None:
    """Check a line file. An error names the file, the line, the field, and what is allowed.

    Warns if the last run of this line left no time before a deadline, and of words that the network
    may not understand. A warning still exits with 0, because the file is valid. In mode guard, such
    words are an error unless the prompt says `confirmed: true`.
    """
    line = load_line_file(file)
    console = Console()
    console.print(styled(f"{line.site}/{line.line}", "bold"), f" {file} is valid", soft_wrap=True)
    folder = run_folder_of(line, run_dir)
    refused: list[WarnedPrompt] = []
    for release in line.releases():
        station, last = line.stations[release.station], _last_run(folder, release.station, console)
        console.print(_station(release))
        console.print(deadline_table(station, last))
        if warned := warning(station, last):
            _warn(console, f"{release.station}: {warned}")
        refused += _check_words(console, release)
    refuse(refused)


def _check_words(console: Console, release: Release) -> list[WarnedPrompt]:
    """Print what the network may not understand; return what must be confirmed before it guards."""
    warned = warned_prompts(release)
    refused = unconfirmed(release, warned)
    for each in warned:
        for sentence in each.sentences if each not in refused else ():
            _warn(console, sentence + (" Confirmed in the file." if each.prompt.confirmed else ""))
    return refused


def _last_run(folder: RunFolder, station: str, console: Console) -> LastRun | None:
    """Return the last run; print a warning and return None if it cannot be read."""
    try:
        return last_run(folder, station)
    except (Unavailable, UserError) as error:
        _warn(console, f"{station}: {error}")
        return None


def _warn(console: Console, why: str) -> None:
    console.print(styled("warning:", "bold yellow"), why, soft_wrap=True)


def _station(release: Release) -> Table:
    config = release.config
    table = Table(
        title=f"{release.station}  release {release.release_id}  {config.mode}  "
        f"deadline {config.deadline_ms} ms  unit {config.plc_unit}  camera {config.camera.kind}"
        f"{_alone(config)}",
        title_justify="left",
    )
    for heading in ("looks for", "in charts", "rule"):
        table.add_column(heading)
    for prompt in config.prompts:
        table.add_row(prompt.words, prompt.name, prompt.in_words(config.length_unit))
    return table


def _alone(config: StationConfig) -> str:
    if config.trigger is not TriggerSource.CAMERA:
        return ""
    pace = f"at most {config.frames_per_s:g} a second" if config.frames_per_s else "each frame"
    return f"  triggered by the camera, {pace}"
