"""One value says where a run keeps its files, and nothing else writes their names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.settings import DashboardSettings
from plc.settings import BridgeSettings
from runtime.process.run_folder import RunFolder
from runtime.process.settings import RunSettings, load, run_folder_at
from storage.archive.settings import ArchiveSettings
from storage.settings import StorageSettings

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = (
    *("contracts", "runtime", "ingest", "inference", "plc", "storage", "dashboard"),
    *("simulation", "referee", "benchmarks"),
)
ONE_MODULE = ROOT / "runtime" / "process" / "run_folder.py"
NAMES = {
    value.name
    for name in vars(RunFolder)
    if isinstance(value := getattr(RunFolder(Path("run")), name), Path)
} | {"referee.sqlite", "referee.db"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("site", "line", "stations"):
        monkeypatch.setenv(f"REFEREE_{name.upper()}", "one")
    for name in ("frames", "journal"):
        monkeypatch.setenv(f"REFEREE_{name.upper()}_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("REFEREE_MQTT_PORT", "1883")
    monkeypatch.setenv("REFEREE_RUN_DIR", str(tmp_path))
    monkeypatch.delenv("REFEREE_DATABASE_URL", raising=False)
    return tmp_path


EVERYBODY = [StorageSettings, ArchiveSettings, BridgeSettings, DashboardSettings]


@pytest.mark.parametrize("settings_class", EVERYBODY)
def test_every_process_has_the_same_folder(
    environment: Path, settings_class: type[RunSettings]
) -> None:
    folder = load(settings_class).run_folder
    assert folder == RunFolder(environment) == run_folder_at(environment)
    assert folder.database_url == f"sqlite:///{environment}/referee.sqlite"


@pytest.mark.parametrize("settings_class", EVERYBODY)
def test_another_database_is_used_by_all(
    environment: Path, settings_class: type[RunSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_DATABASE_URL", "postgresql://plant/referee")
    assert load(settings_class).run_folder.database_url == "postgresql://plant/referee"
    assert run_folder_at(Path("elsewhere")).database_url == "postgresql://plant/referee"


def test_an_empty_variable_is_an_unset_one(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_DATABASE_URL", "")
    assert load(StorageSettings).run_folder == RunFolder(environment)


def written_names(source: str) -> Iterator[str]:
    """Return the names of run files that a module writes: whole literals with a suffix, or the
    right side of a ``/`` between paths."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            yield from (name for name in NAMES if "." in name and name in node.value)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            right = node.right
            if isinstance(right, ast.Constant) and right.value in NAMES:
                yield str(right.value)


def test_the_search_finds_names() -> None:
    found = set(written_names("a / 'logs'; f'sqlite:///{a}/referee.sqlite'; x = 'archive'"))
    assert found == {"logs", "referee.sqlite"}
    assert {"bridge.sqlite", "endpoints.json", "soft-plc.json", "archive", "logs"} <= NAMES


def test_no_name_of_a_run_file_is_written_twice() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    assert len(files) > 300
    twice = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        if file != ONE_MODULE
        for name in written_names(file.read_text())
    }
    assert twice == set()
