"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import UserError
from contracts.line import LineFile
from referee.line.claim import is_claimed, refuse_foreign
from referee.line.endpoints import Endpoints
from referee.line.line_processes import folders_with_processes
from runtime.process.files import reading
from runtime.process.run_folder import RUNS, RunFolder
from runtime.process.settings import run_folder_at

LineOption = Annotated[
    Path, typer.Option("--line", help="Line file (YAML).", show_default="the demo line")
]
ImagesOption = Annotated[
    Path | None,
    typer.Option("--images", help="Folder of pictures that `replay` cameras show."),
]
RunDirOption = Annotated[
    Path | None,
    typer.Option("--run-dir", help="Folder for logs, journals, database and archive."),
]

ByOption = Annotated[
    str | None, typer.Option("--by", help="Who makes the change. Default: your login name.")
]
WhyOption = Annotated[
    str, typer.Option("--why", help="Why the change is made. Mode bypass requires a reason.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output.")
]


def run_folder_of(line: LineFile, given: Path | None) -> RunFolder:
    """Return the folder given with --run-dir, or the one that this line always uses.

    A name has no dot, so no two lines have the same folder. Versions before 0.2 joined them with a
    hyphen: such a folder is still used if it is this line's.
    """
    own, before = RUNS / f"{line.site}.{line.line}", RUNS / f"{line.site}-{line.line}"
    with reading(RUNS):
        if given is None and not own.exists() and _is_of(before, line):
            return run_folder_at(before)
    return run_folder_at(given or own)


def _is_of(path: Path, line: LineFile) -> bool:
    folder = run_folder_at(path)
    if not folder.endpoints.exists():
        return False
    endpoints = Endpoints.load(folder)
    return (endpoints.site, endpoints.line) == (line.site, line.line)


def host_and_port(option: str, address: str | None) -> str | None:
    """Return an address as it was given. Raises UserError if it is not host:port."""
    if address is None:
        return None
    host, _, port = address.rpartition(":")
    if not re.fullmatch(r"[\w.-]+|\[[\da-fA-F:.]+\]", host, re.ASCII) or not _is_port(port):
        raise UserError(f"{option} {address}: expected host:port, such as 127.0.0.1:1883")
    return address


def _is_port(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,5}", text, re.ASCII)) and 0 < int(text) < 65536


def checked_images(images: Path | None) -> Path | None:
    """Return the folder given with --images. Raises UserError if it does not exist."""
    if images is not None and not images.is_dir():
        raise UserError(f"--images {images}: no such folder")
    return images


def newest_run_folder(given: Path | None) -> RunFolder:
    """Return the folder given with --run-dir, or that of the line that was started last.

    Raises:
        UserError: no line was started in the current folder.
    """
    if given is not None:
        return run_folder_at(given)
    with reading(RUNS):
        folders = [run_folder_at(path) for path in RUNS.glob("*")]
        started = [folder for folder in folders if folder.endpoints.exists()]
    if not started:
        raise UserError(f"no line was started in {RUNS.resolve()}; name its folder with --run-dir")
    return max(started, key=lambda folder: folder.endpoints.stat().st_mtime)


def running_folder(line: LineFile, given: Path | None) -> RunFolder:
    """Return the folder that the line runs in: the one given, its own, or any on this machine.

    Raises:
        UserError: the line does not run.
    """
    own = run_folder_of(line, given)
    if given is not None or is_claimed(own):
        refuse_foreign(own, line.site, line.line)
        candidates = [own]
    else:
        candidates = [run_folder_at(path) for path in folders_with_processes()]
    found = [folder for folder in candidates if is_claimed(folder) and _is_of(folder.path, line)]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(str(folder.path) for folder in found)
        raise UserError(f"this line runs in {listed}; name one of them with --run-dir")
    where = f"in {given}" if given else "on this machine"
    raise UserError(
        f"line {line.line} at site {line.site} does not run {where}; start it with `referee up`"
    )


def folder_that_runs(given: Path | None) -> RunFolder:
    """Return the folder given with --run-dir, or the only one of the current folder that runs.

    If no line runs on this machine: the one that was started last here.

    Raises:
        UserError: two lines run, or the only one that runs was started elsewhere.
    """
    if given is not None:
        return run_folder_at(given)
    running = [RunFolder(path) for path in folders_with_processes()]
    here = [folder for folder in running if folder.path.parent == RUNS.resolve()]
    if len(here) == 1:
        return run_folder_at(here[0].path)
    if not running:
        return newest_run_folder(None)
    where = "in this folder" if here else "elsewhere on this machine"
    listed = ", ".join(str(folder.path) for folder in here or running)
    raise UserError(f"lines run {where}: {listed}; name one of them with --run-dir")


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Wrap the import of what only one of Referee's extras installs.

    Raises:
        UserError: a package is missing; the text says how to install it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed; run `pip install 'referee[{extra}]'`, "
            "or `make setup-dev` in a checkout"
        ) from error
