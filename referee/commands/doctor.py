"""`referee doctor`: what this machine lacks, and how to get it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from inference.text_encoder import SHA256
from referee.line.servers.triton import MODELS, TEXT_ENCODER
from referee.project import ROOT, RUNTIME

SET_UP = "run `make setup`"


class Finding(NamedTuple):
    """One thing that a line needs. ``remedy`` is empty where it is there."""

    name: str
    seen: str
    remedy: str = ""
    needed: bool = True


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor() -> None:
    """Look at everything a line needs; exit code 1 where something needed is missing."""
    findings = [finding for examine in EXAMINATIONS for finding in examine()]
    table = Table(show_header=False, box=None, pad_edge=False)
    for finding in findings:
        table.add_row(_mark(finding), finding.name, finding.seen, finding.remedy)
    Console().print(table)
    if any(finding.remedy and finding.needed for finding in findings):
        raise typer.Exit(1)


def _mark(finding: Finding) -> str:
    if not finding.remedy:
        return "[green]there[/]"
    return "[red]missing[/]" if finding.needed else "[yellow]not there[/]"


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
        remedy = SET_UP if needed else "only for training: run `make setup-dev`"
        return Finding(name, "", remedy, needed)


def _servers() -> Iterator[Finding]:
    for program, package in (("redis-server", "redis-server"), ("mosquitto", "mosquitto")):
        where = shutil.which(program)
        remedy = "" if where else f"{SET_UP}, or install Debian's {package}"
        yield Finding(program, where or "", remedy)
    triton = RUNTIME / "triton" / "pytriton" / "tritonserver" / "bin" / "tritonserver"
    yield Finding("tritonserver", _short(triton), "" if triton.exists() else SET_UP)


def _model() -> Iterator[Finding]:
    network = MODELS / "dqformer" / "1" / "model.onnx"
    card = network.with_suffix(".json")
    if not (network.exists() and card.exists()):
        yield Finding("DQFormer", "", f"{_short(network)} is missing: get a whole checkout")
        return
    named = str(json.loads(card.read_text())["model_version"])
    is_it = _sha256(network).startswith(named)
    yield Finding("DQFormer", named, "" if is_it else f"{_short(network)} is not that version")


def _text_encoder() -> Iterator[Finding]:
    own = os.environ.get("REFEREE_TEXT_ENCODER")
    weights = Path(own or TEXT_ENCODER) / "model.safetensors"
    if not weights.exists():
        remedy = f"REFEREE_TEXT_ENCODER={own} holds no model.safetensors" if own else SET_UP
        yield Finding("text encoder", "", remedy)
    elif own is None and _sha256(weights) != SHA256:
        yield Finding("text encoder", _short(weights), f"its SHA-256 is wrong: {SET_UP}")
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
