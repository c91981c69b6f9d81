"""`referee part` answers "why was this part rejected?" from the database alone."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.causes import Decision
from contracts.errors import UserError
from referee.cli import app
from referee.commands.part import _verdict
from referee.line.endpoints import choose
from runtime.linefile.line_file import load_line_file
from runtime.process.settings import run_folder_at
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


def test_a_story_is_one_json_object(run_dir: Path) -> None:
    with open_sessions(f"sqlite:///{run_dir}/referee.sqlite")() as session:
        rejected = last_rejects(session, limit=1)[0]
    told = CliRunner().invoke(
        app, ["part", str(rejected.part), "--run-dir", str(run_dir), "--json"]
    )
    (story,) = json.loads(told.stdout)["parts"]
    assert story["part"] == rejected.part.model_dump()
    assert story["verdict"]["decision"] == "reject"
    assert story["verdict"]["reasons"]
    assert set(story) >= {"part_id", "disposition", "picture", "picture_file", "times"}


@pytest.mark.parametrize(
    "identity", ["9" * 5000, "plate/1/" + "9" * 5000, "a/b/c", "\x1b[31m", "/"]
)
def test_what_is_no_identity_is_a_part_that_nobody_knows(run_dir: Path, identity: str) -> None:
    told = CliRunner().invoke(app, ["part", identity, "--run-dir", str(run_dir)])
    assert isinstance(told.exception, UserError)


@pytest.mark.parametrize(
    ("content", "says"), [(None, "does not exist"), (b"no database" * 99, "not a database")]
)
def test_a_folder_without_a_database_is_named(tmp_path: Path, content, says: str) -> None:
    if content is not None:
        (tmp_path / "referee.sqlite").write_bytes(content)
    told = CliRunner().invoke(app, ["part", "plate/1/1", "--run-dir", str(tmp_path)])
    assert isinstance(told.exception, UserError)
    assert says in str(told.exception)
    assert str(tmp_path) in str(told.exception)


def test_a_database_elsewhere_is_asked_for(run_dir: Path, tmp_path: Path, monkeypatch) -> None:
    """The line was started with REFEREE_DATABASE_URL, and this shell does not have it."""
    elsewhere = f"sqlite:///{run_dir}/referee.sqlite"
    monkeypatch.setenv("REFEREE_DATABASE_URL", elsewhere)
    folder = run_folder_at(tmp_path)
    line = load_line_file(ROOT / "lines" / "demo.yaml")
    choose(line, outward=False).save(folder)
    found = CliRunner().invoke(app, ["part", "plate/1/1", "--run-dir", str(tmp_path)])
    assert f"is not in the database of {tmp_path}" in str(found.exception)
    monkeypatch.delenv("REFEREE_DATABASE_URL")
    told = CliRunner().invoke(app, ["part", "plate/1/1", "--run-dir", str(tmp_path)])
    assert f"set REFEREE_DATABASE_URL as it was then ({elsewhere})" in str(told.exception)


def test_a_password_in_the_database_url_is_not_written_down(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("REFEREE_DATABASE_URL", "postgresql://me:secret@host/parts")
    folder = run_folder_at(tmp_path)
    choose(load_line_file(ROOT / "lines" / "demo.yaml"), outward=False).save(folder)
    assert "secret" not in folder.endpoints.read_text()
    assert "postgresql://me:***@host/parts" in folder.endpoints.read_text()
