"""Every import is of a package that pyproject.toml declares, in an extra that installs it."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from referee.project import TOOLS

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {
    "benchmarks": ("train", "triton", "simulation"),
    "contracts": (),
    "dashboard": ("dashboard",),
    "inference": (),
    "inference/serving": ("triton",),
    "inference/dqformer": ("train",),
    "inference/training": ("train", "triton"),
    "ingest": (),
    "plc": (),
    "plc/opcua": ("opcua",),
    "referee": (),
    "referee/measured.py": ("train",),
    "runtime": (),
    "simulation": ("simulation",),
    "storage": (),
    "triton_models": ("triton",),
}
"""Extras, beside the dependencies, that the readers of a folder or a file have installed."""
WITHOUT = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without())
"""
EVERY_EXTRA = ("dashboard", "opcua", "simulation", "triton", "train")
OURS = {path.split("/")[0] for path in EXTRAS}
TRITONS_MODULES = {file.stem for file in (ROOT / "triton_models").rglob("*.py")}
INSTALLED_ELSEWHERE = {"openvino", "triton_python_backend_utils"}
"""A contender that only a benchmark tries, in its own environment; what Triton itself provides."""


def declared(extra: str | None = None) -> set[str]:
    texts = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    return {canonicalize_name(Requirement(text).name) for text in texts}


def extras_of(file: str) -> tuple[str, ...]:
    longest = max((path for path in EXTRAS if file.startswith(path)), key=len)
    return EXTRAS[longest]


def imported(source: str) -> Iterator[str]:
    """Return the dotted names of modules that are imported anywhere in a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module


def distributions_of(module: str, known: dict[str, list[str]]) -> set[str]:
    if module.startswith("google.protobuf"):  # a namespace that several packages share
        return {"protobuf"}
    return {canonicalize_name(name) for name in known.get(module.split(".")[0], [module])}


def test_every_import_is_declared() -> None:
    known, undeclared, seen = dict(packages_distributions()), set(), 0
    for folder in sorted(OURS):
        for path in (ROOT / folder).rglob("*.py"):
            file = str(path.relative_to(ROOT))
            allowed = declared().union(*map(declared, extras_of(file)))
            for module in imported(path.read_text()):
                top = module.split(".")[0]
                if (
                    top in sys.stdlib_module_names
                    or top in OURS | TRITONS_MODULES | INSTALLED_ELSEWHERE
                ):
                    continue
                seen += 1
                if not distributions_of(module, known) & allowed:
                    undeclared.add(f"{file}: {module}")
    assert undeclared == set()
    assert seen > 300


@pytest.mark.parametrize(
    ("module", "extras"),
    [
        ("referee.cli", ()),
        ("ingest.__main__", ()),
        ("inference.__main__", ()),
        ("plc.__main__", ()),
        ("storage.__main__", ()),
        ("storage.archive.__main__", ()),
        ("dashboard.page_frame", ("dashboard",)),
        ("simulation.soft_plc.__main__", ("simulation",)),
    ],
)
def test_a_process_starts_with_its_own_extras_alone(module: str, extras: tuple[str, ...]) -> None:
    missing = {canonicalize_name(each) for each in EVERY_EXTRA if each not in extras}
    absent = set().union(*map(declared, missing)) - declared().union(*map(declared, extras))
    tops = {
        top
        for top, names in packages_distributions().items()
        for each in names
        if canonicalize_name(each) in absent
    }
    code = f"{WITHOUT.format(sorted(tops))}\nimport {module}"
    argv = [sys.executable, "-c", code]
    seen = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert seen.returncode == 0, seen.stderr


def test_all_of_a_line_is_one_extra() -> None:
    (whole,) = map(Requirement, PROJECT["optional-dependencies"]["line"])
    assert whole.extras == {"dashboard", "opcua", "simulation", "triton"}


def test_set_up_installs_what_the_locks_of_these_extras_hold() -> None:
    locks = {
        name: {
            canonicalize_name(Requirement(line).name)
            for line in (ROOT / name).read_text().splitlines()
            if line and not line.startswith(("#", " ", "-"))
        }
        for name in ("requirements.lock", "requirements-dev.lock")
    }
    line = declared().union(*map(declared, ("dashboard", "opcua", "simulation", "triton")))
    assert line <= locks["requirements.lock"]
    assert (
        line.union(*map(declared, ("train", "dev", "postgres"))) <= locks["requirements-dev.lock"]
    )


def test_set_up_installs_the_tools_that_the_command_names() -> None:
    text = (ROOT / "deploy" / "setup.sh").read_text()
    assert all(f"'{version}'" in text for version in TOOLS.values())
