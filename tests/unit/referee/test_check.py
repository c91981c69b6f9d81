"""`referee check`: the deadline, its terms, and what the last run says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.causes import Decision
from contracts.errors import BadYaml
from referee.cli import app
from referee.project import DEMO_LINE
from storage.database import open_sessions, upgrade
from storage.part_rows import record_disposition
from tests.unit.storage.part_messages import at, disposition

GATE = """
    gate:
      distance_from_trigger_mm: 600
      greatest_belt_speed_mm_per_s: 500
      actuator_ms: 60
      plc_scan_ms: 10
      plc_poll_ms: 20
      margin_ms: 40
"""
LINE = """\
site: plant
line: line
stations:
  tiles:
    camera: {kind: simulated}
    prompts: [{words: a scratch}]"""


@pytest.fixture(scope="module")
def empty_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    upgrade(f"sqlite:///{folder / 'referee.sqlite'}")
    return folder


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("REFEREE_DATABASE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def check(text: str, run_dir: Path = tmp_path / "never", *more: str) -> Result:
        file = tmp_path / "line.yaml"
        file.write_text(text)
        return CliRunner().invoke(app, ["check", str(file), "--run-dir", str(run_dir), *more])

    return check


@pytest.fixture
def run_dir(empty_run: Path, tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    file = tmp_path / "run" / "referee.sqlite"
    file.write_bytes((empty_run / "referee.sqlite").read_bytes())
    return file.parent


def ran(run_dir: Path, answers_ms: Sequence[float | None]) -> None:
    """A run whose parts took so long from trigger to registers; None: no verdict in time."""
    with open_sessions(f"sqlite:///{run_dir / 'referee.sqlite'}", writes=True).begin() as session:
        for seq, ms in enumerate(answers_ms):
            called = Decision.NO_VERDICT if ms is None else Decision.PASS
            done = disposition(seq, called, presented_at=at(seq + (ms or 0) / 1000))
            record_disposition(session, done, 0)


def rows(result: Result) -> dict[str, str]:
    assert result.exit_code == 0, result.output
    lines = (row.split("│") for row in result.output.splitlines() if row.count("│") == 1)
    return {name.strip(): value.strip() for name, value in lines}


def test_every_term_is_shown(check) -> None:
    shown = rows(check(LINE + GATE))
    assert shown == {
        "to the gate, 600 mm at 500 mm/s": "1200",
        "less actuator": "60",
        "less 2 PLC scans of 10": "20",
        "less 2 polls of 20": "40",
        "less margin": "40",
        "the gate allows": "1040",
        "given in the line file": "none",
        "in force": "1040",
        "last run, trigger to registers, p99": "not known",
    }


def test_a_given_deadline_stands_beside_it(check) -> None:
    shown = rows(check(LINE + GATE + "    deadline_ms: 700\n"))
    assert (shown["the gate allows"], shown["given in the line file"]) == ("1040", "700")
    assert "in force" not in shown
    shown = rows(check(LINE))
    assert shown["the gate allows"] == "not known: `gate` is missing"
    assert (shown["given in the line file"], shown["in force"]) == ("none", "1000")


def test_a_camera_that_triggers_by_itself_is_named(check) -> None:
    shown = check(LINE + "\n    trigger: camera\n    frames_per_s: 2.5\n")
    assert "triggered by the camera, at most 2.5 a second" in " ".join(shown.output.split())
    assert "by itself" not in check(LINE).output
    guarded = check(LINE + "\n    trigger: camera\n    frames_per_s: 2\n    mode: guard\n")
    assert guarded.exit_code != 0


def test_a_run_with_room_warns_of_nothing(check, run_dir: Path) -> None:
    ran(run_dir, [400.0] * 98 + [989.0, 5000.0])
    result = check(LINE + GATE, run_dir)
    assert rows(result)["room"] == "1"
    assert "100 parts until 2023-11-14 22:14 UTC" in result.output
    assert "warning" not in result.output


@pytest.mark.parametrize(
    ("answers_ms", "gate", "says"),
    [
        ([400.0] * 98 + [990.0, 5000.0], GATE, "p99 of the last run is 990 ms, acknowledging"),
        (
            [1000.0],
            "",
            "p99 of the last run is 1000 ms: this leaves no time before the deadline of 1000 ms",
        ),
        ([400.0] * 97 + [900.0, None, None], GATE, "2 of 100 parts of the last run had no answer"),
    ],
)
def test_a_run_without_room_is_a_warning_and_no_error(
    check, run_dir: Path, answers_ms, gate, says
) -> None:
    ran(run_dir, answers_ms)
    result = check(LINE + gate, run_dir)
    assert result.exit_code == 0
    assert f"warning: tiles: {says}" in result.output


def test_one_late_part_in_a_hundred_is_counted_and_no_reason_to_warn(check, run_dir) -> None:
    ran(run_dir, [400.0] * 99 + [None])
    result = check(LINE + GATE, run_dir)
    assert "1 too late" in result.output
    assert rows(result)["room"] == "590"
    assert "warning" not in result.output


def test_a_database_that_cannot_be_read_does_not_make_the_file_wrong(check, tmp_path) -> None:
    (tmp_path / "referee.sqlite").write_bytes(b"no database, whatever its name" * 99)
    result = check(LINE + GATE, tmp_path)
    assert rows(result)["the gate allows"] == "1040"
    assert "cannot be read: file is not a database" in result.output


def test_the_answer_as_json(check, tmp_path: Path) -> None:
    found = json.loads(check(DEMO_LINE.read_text(), tmp_path / "never", "--json").output)
    (plate,) = found["stations"].values()
    assert (found["site"], found["line"]) == ("demo", "demo")
    assert plate["mode"] == "guard"
    assert plate["prompts"][0] == "any defect"
    assert plate["warnings"] == []


def test_a_deadline_behind_the_gate_is_an_error(check) -> None:
    result = check(LINE + GATE + "    deadline_ms: 1041\n")
    assert isinstance(result.exception, BadYaml)
    assert "line.yaml:14:5: stations.tiles.deadline_ms: 1041 ms is later" in str(result.exception)
