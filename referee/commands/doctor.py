"""`referee doctor`: what is missing on this machine, and how to install it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import typer
from rich.text import Text

from inference.text_encoder import SHA256
from referee.commands.command import add
from referee.commands.options import JsonOption
from referee.project import (
    IS_CHECKOUT,
    ROOT,
    SHIPPED_NETWORK,
    how_to_install,
    text_encoder_folder,
    tools_folder,
)
from runtime.process.console import Console, Table, print_json, styled


class Finding(NamedTuple):
    """One thing that a line needs. ``remedy`` is empty if it is there."""

    name: str
    seen: str
    remedy: str = ""
    needed: bool = True


def register(app: typer.Typer) -> None:
    add(app, doctor, "referee doctor", "referee doctor --json")


def doctor(as_json: JsonOption = False) -> None:
    """Check everything that a line needs. Exits with 1 if something required is missing."""
    findings = [finding for examine in EXAMINATIONS for finding in examine()]
    if as_json:
        print_json({"findings": [finding._asdict() for finding in findings]})
    else:
        _print(findings)
    if any(finding.remedy and finding.needed for finding in findings):
        raise typer.Exit(1)


def _print(findings: list[Finding]) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    for finding in findings:
        table.add_row(_mark(finding), finding.name, finding.seen, finding.remedy)
    Console().print(table)


def _mark(finding: Finding) -> Text:
    if not finding.remedy:
        return styled("ok", "green")
    return styled("missing", "red") if finding.needed else styled("optional", "yellow")


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    remedy = "" if sys.version_info[:2] == (3, 11) else "Referee is tested with Python 3.11"
    yield Finding("Python", version, remedy)
    libpython = Path(str(sysconfig.get_config_var("LIBDIR"))) / "libpython3.11.so.1.0"
    remedy = "" if libpython.exists() else "install Debian's libpython3.11 (Triton links to it)"
    yield Finding("libpython", str(libpython), remedy)


def _packages() -> Iterator[Finding]:
    for name in ("redis", "paho-mqtt", "pymodbus", "tritonclient", "onnxruntime", "streamlit"):
        yield _package(name, needed=True)
    for name in ("torch", "transformers"):
        yield _package(name, needed=False)


def _package(name: str, needed: bool) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        remedy = _install(name) if needed else f"only for training: {_install(name, 'train')}"
        return Finding(name, "", remedy, needed)


def _install(package: str, extra: str = "line") -> str:
    """Say how to install a Python package that one of Referee's extras has."""
    if IS_CHECKOUT:
        return "run `make setup`" if extra == "line" else "run `make setup-dev`"
    return f"install referee[{extra}], which has {package}"


def _servers() -> Iterator[Finding]:
    for program, package in (("redis-server", "redis-server"), ("mosquitto", "mosquitto")):
        where = shutil.which(program)
        remedy = "" if where else f"install Debian's package {package}"
        yield Finding(program, where or "", remedy)
    triton = tools_folder() / "triton" / "pytriton" / "tritonserver" / "bin" / "tritonserver"
    remedy = "" if triton.exists() else how_to_install("triton")
    yield Finding("tritonserver", _short(triton), remedy)


def _model() -> Iterator[Finding]:
    network = SHIPPED_NETWORK
    card = network.with_suffix(".json")
    if not (network.exists() and card.exists()):
        yield Finding("DQFormer", "", f"{_short(network)} is missing: install Referee again")
        return
    named = str(json.loads(card.read_text())["model_version"])
    is_it = _sha256(network).startswith(named)
    yield Finding("DQFormer", named, "" if is_it else f"{_short(network)} is not that version")


def _text_encoder() -> Iterator[Finding]:
    folder = text_encoder_folder()
    weights, is_ours = folder / "model.safetensors", folder.is_relative_to(tools_folder())
    remedy = how_to_install("text-encoder")
    if not weights.exists():
        own = f"REFEREE_TEXT_ENCODER={folder} has no model.safetensors"
        yield Finding("text encoder", "", remedy if is_ours else own)
    elif is_ours and _sha256(weights) != SHA256:
        yield Finding("text encoder", _short(weights), f"its SHA-256 is wrong: {remedy}")
    else:
        yield Finding("text encoder", _short(weights))


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


EXAMINATIONS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _python,
    _packages,
    _servers,
    _model,
    _text_encoder,
)
