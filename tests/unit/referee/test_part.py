"""`referee part` answers "why was this part rejected?" from the database alone."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.causes import Decision
from referee.cli import app
from referee.commands.part import _verdict
from storage.database import upgrade
from storage.queries import last_rejects, open_sessions
from tests.tiny import ROOT

FIXTURE = ROOT / "tests" / "fixtures" / "v1" / "line_database.sqlite.gz"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a line that has ended, with eleven rejected parts."""
    folder = tmp_path_factory.mktemp("run")
    file = folder / "referee.sqlite"
    file.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    upgrade(f"sqlite:///{file}")
    return folder


def test_the_rule_that_was_broken_is_named_in_words_and_numbers(run_dir: Path) -> None:
    with open_sessions(f"sqlite:///{run_dir}/referee.sqlite")() as session:
        rejected = last_rejects(session, limit=1)[0]
    assert rejected.verdict is not None
    assert rejected.verdict.decision is Decision.REJECT
    command = ["part", str(rejected.part), "--run-dir", str(run_dir)]
    told = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.output
    [row] = [line for line in told.output.splitlines() if "decided by" in line][:1]
    reason = rejected.verdict.reasons[0]
    assert reason.prompt in row
    assert "any finding" in row
    assert f"{reason.measured:g} {reason.unit} measured, {reason.limit:g} allowed" in told.output


def test_a_rule_that_is_not_installed_here_is_printed_by_its_name(run_dir: Path) -> None:
    with open_sessions(f"sqlite:///{run_dir}/referee.sqlite")() as session:
        rejected = last_rejects(session, limit=1)[0]
    config = {"prompts": [{"words": "x", "label": "defect", "from_another_package": 3}]}
    shown = _verdict(replace(rejected, release_config=config))
    assert ("decided by", "defect: any (1 findings measured, 0 allowed)") in shown


def test_a_part_that_nobody_knows_is_an_error_with_the_folder(run_dir: Path) -> None:
    told = CliRunner().invoke(app, ["part", "plate/1/1", "--run-dir", str(run_dir)])
    assert told.exit_code != 0
    assert "plate/1/1 is not in the database" in f"{told.output}{told.exception}"
