"""`referee service install`: a unit that systemd itself takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import UserError
from referee.cli import called
from referee.line.systemd_unit import UnitOptions, unit_text
from referee.project import DEMO_LINE, ROOT


def installed(tmp_path: Path, *words: str) -> str:
    called(["service", "install", "--to", str(tmp_path / "units"), "--user", "root", *words])
    (unit,) = (tmp_path / "units").iterdir()
    assert unit.stat().st_mode & 0o077 == 0
    return unit.read_text()


def test_systemd_takes_the_unit_and_the_command_says_how_to_switch_it_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = installed(tmp_path, "--line", str(DEMO_LINE))
    assert f"--line {DEMO_LINE}" in text
    assert "Restart=on-failure" in text
    out = capsys.readouterr()
    assert "systemctl daemon-reload && systemctl enable --now referee-demo.demo.service" in out.out
    assert "not checked" not in out.err, "systemd-analyze is missing: run `make setup-dev`"


def test_paths_and_settings_with_signs_that_systemd_expands_arrive_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_DATABASE_URL", 'postgresql://plant:5%f"$x@db/parts')
    text = installed(tmp_path, "--run-dir", str(tmp_path / "a run 100%"))
    assert f'"{tmp_path}/a run 100%%"' in text
    assert r'REFEREE_DATABASE_URL=postgresql://plant:5%%f\"$$x@db/parts"' in text


def test_the_unit_has_the_variables_that_the_cameras_need_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = DEMO_LINE.read_text().replace("kind: simulated", "kind: opencv")
    start, _, end = text.partition("      seed: 42")
    rest = end.partition("height_px: 384")[2]
    file = tmp_path / "line.yaml"
    file.write_text(f"{start}      source: rtsp://${{CAMERA}}@10.0.0.7/1{rest}")
    monkeypatch.setenv("CAMERA", "user:secret")
    monkeypatch.setenv("OTHER", "not for the unit")
    unit = installed(tmp_path, "--line", str(file))
    assert "Environment=CAMERA=user:secret" in unit
    assert "not for the unit" not in unit


def test_what_systemd_does_not_take_is_an_error_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Special user nobody"):
        called(["service", "install", "--to", str(tmp_path / "units"), "--user", "nobody"])
    assert not (tmp_path / "units").exists()


def test_a_user_that_this_machine_does_not_have_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such user"):
        called(["service", "install", "--to", str(tmp_path), "--user", "nobody-of-that-name"])


def test_two_lines_never_have_the_same_unit() -> None:
    def name(site: str, line: str) -> str:
        return UnitOptions(site, line, ["referee"], Path("/")).name

    assert name("a-b", "c") != name("a", "b-c")


def test_the_command_of_a_unit_starts_as_it_stands(tmp_path: Path) -> None:
    text = unit_text(UnitOptions("s", "l", [sys.executable, "-m", "referee", "--help"], ROOT))
    (command,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    argv = command.removeprefix("ExecStart=").split()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
