"""Which run folder a command means."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from contracts.line import LineFile
from referee.commands.options import run_folder_of
from referee.line.endpoints import choose
from referee.project import DEMO_LINE
from runtime.process.run_folder import RunFolder


def line(site: str, name: str) -> LineFile:
    document = yaml.safe_load(DEMO_LINE.read_text())
    return LineFile.model_validate(document | {"site": site, "line": name})


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_lines_whose_joined_names_agree_have_different_folders() -> None:
    assert run_folder_of(line("a-b", "c"), None) != run_folder_of(line("a", "b-c"), None)


def test_a_folder_named_by_an_earlier_version_is_still_used_by_its_own_line_only() -> None:
    before = RunFolder(Path(".run/a-b-c"))
    before.path.mkdir(parents=True)
    choose(line("a-b", "c"), outward=False).save(before)
    assert run_folder_of(line("a-b", "c"), None).path == before.path
    assert run_folder_of(line("a", "b-c"), None).path == Path(".run/a.b-c")
