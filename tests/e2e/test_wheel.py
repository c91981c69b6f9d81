"""The wheel holds everything that is needed at run time, and works outside the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.e2e.lines import ROOT

PACKAGES: tuple[str, ...] = (
    "benchmarks",
    "contracts",
    "dashboard",
    "inference",
    "ingest",
    "lines",
    "plc",
)
PACKAGES += ("referee", "runtime", "simulation", "storage", "triton_models")
NOT_COPIED = shutil.ignore_patterns("__pycache__")
Referee = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: a build leaves files behind, also old ones that get into the next."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=NOT_COPIED)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(out)]
    built = subprocess.run([*build, str(source)], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def referee(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Referee:
    """The installed command, called in a folder that has nothing to do with the checkout."""
    environment, elsewhere = tmp_path_factory.mktemp("env"), tmp_path_factory.mktemp("elsewhere")
    venv.create(environment)
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    variables["REFEREE_RUNTIME_DIR"] = str(ROOT / ".runtime")
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q"]
    install += ["--no-index", "--no-deps", "--disable-pip-version-check", str(wheel)]
    subprocess.run(install, env=variables, check=True)
    # What Referee depends on is seen in the project's own environment: no network is needed.
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"])

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(environment / "bin" / "referee"), *map(str, arguments)],
            cwd=elsewhere,
            env=variables | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    where: list[Any] = [
        python,
        "-c",
        "import referee, contracts; print(referee.__file__, contracts.__file__)",
    ]
    seen = subprocess.run(where, cwd=elsewhere, env=variables, capture_output=True, text=True)
    assert seen.stdout.count(str(site_packages)) == 2, seen.stdout + seen.stderr
    return call


def test_every_file_of_the_packages_is_in_it(wheel: Path) -> None:
    in_checkout = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and file.suffix not in (".pyc", ".part")
    }
    assert len(in_checkout) > 400
    assert in_checkout - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_cameras_rules_and_fieldbuses_are_registered(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (each for each in archive.namelist() if each.endswith("/entry_points.txt"))
    parser = ConfigParser()
    parser.read_string(archive.read(name).decode())
    declared = _entry_points_of_the_checkout()
    assert declared <= set(parser.sections())
    assert "console_scripts" in parser.sections()


def _entry_points_of_the_checkout() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return set(project.get("entry-points", {}))


def test_doctor_finds_nothing_missing(referee: Referee) -> None:
    seen = referee("doctor")
    assert seen.returncode == 0, seen.stdout + seen.stderr


def test_the_demo_line_that_ships_is_valid(referee: Referee, wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        line = archive.extract("lines/demo.yaml", tmp_path)
    seen = referee("check", line)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "plate" in seen.stdout


def test_a_picture_is_inspected_by_the_real_server(referee: Referee, tmp_path: Path) -> None:
    picture = tmp_path / "plate.png"
    cv2.imwrite(str(picture), np.full((256, 256, 3), 128, np.uint8))
    seen = referee("inspect", picture, "--json")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    (answer,) = json.loads(seen.stdout)["images"]
    assert answer["decision"] in ("pass", "reject")
    assert answer["model_version"]
