"""`referee check`: read a line file as the line does, and show what it means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from contracts.causes import TriggerSource
from contracts.errors import Unavailable, UserError
from contracts.line import LineFile, Station
from contracts.release import Release, StationConfig
from referee.account.last_run import LastRun, last_run
from referee.commands.command import add
from referee.commands.options import JsonOption, RunDirOption, run_folder_of
from referee.line.word_check import WarnedPrompt, refuse, unconfirmed, warned_prompts
from referee.tables.deadline_table import deadline_table, warning
from runtime.linefile.line_file import load_line_file
from runtime.process.console import Console, Table, print_json, styled
from runtime.process.run_folder import RunFolder


def register(app: typer.Typer) -> None:
    add(app, check, "referee check lines/demo.yaml")


def check(
    file: Annotated[Path, typer.Argument(help="Line file (YAML).")],
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a line file. An error names the file, the line, the field, and what is allowed.

    Warns if the last run of this line left no time before a deadline, and of words that the network
    may not understand. A warning still exits with 0, because the file is valid. In mode guard, such
    words are an error unless the prompt says `confirmed: true`.
    """
    line = load_line_file(file)
    folder = run_folder_of(line, run_dir)
    found = [_checked(line, release, folder) for release in line.releases()]
    if as_json:
        refuse([each for one in found for each in one.refused])
        print_json({"site": line.site, "line": line.line, "stations": _as_json(found)})
        return
    console = Console()
    console.print(styled(f"{line.site}/{line.line}", "bold"), f" {file} is valid", soft_wrap=True)
    for one in found:
        console.print(_station(one.release))
        console.print(deadline_table(one.station, one.last))
        for each in one.warnings:
            console.print(styled("warning:", "bold yellow"), each, soft_wrap=True)
    refuse([each for one in found for each in one.refused])


class _Checked(NamedTuple):
    """One station.

    Attributes:
        refused: prompts that must be confirmed before the station guards.
    """

    release: Release
    station: Station
    last: LastRun | None
    warnings: list[str]
    refused: list[WarnedPrompt]


def _checked(line: LineFile, release: Release, folder: RunFolder) -> _Checked:
    station, warnings, last = line.stations[release.station], [], None
    try:
        last = last_run(folder, release.station)
    except (Unavailable, UserError) as error:  # the file may be right all the same
        warnings.append(f"{release.station}: {error}")
    if late := warning(station, last):
        warnings.append(f"{release.station}: {late}")
    warned = warned_prompts(release)
    refused = unconfirmed(release, warned)
    warnings += [
        sentence + (" Confirmed in the file." if each.prompt.confirmed else "")
        for each in warned
        if each not in refused
        for sentence in each.sentences
    ]
    return _Checked(release, station, last, warnings, refused)


def _as_json(found: Sequence[_Checked]) -> dict[str, Any]:
    return {
        one.release.station: {
            "release_id": one.release.release_id,
            "mode": one.release.config.mode,
            "unit": one.release.config.plc_unit,
            "deadline_ms": one.release.config.deadline_ms,
            "prompts": [prompt.words for prompt in one.release.config.prompts],
            "warnings": one.warnings,
        }
        for one in found
    }


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
