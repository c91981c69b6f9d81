"""`referee data`: build and stats as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.errors import UserError
from referee.cli import app


@pytest.fixture
def line(tmp_path: Path) -> Path:
    folder = tmp_path / "parts"
    mask = np.zeros((64, 64), np.uint8)
    mask[4:12, 4:12] = 255
    files = {
        "train/good/a.png": mask * 0 + 60,
        "test/dent/b.png": mask // 2 + 60,
        "ground_truth/dent/b_mask.png": mask,
    }
    for name, pixels in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), pixels)
    return folder


def test_build_then_stats(line: Path, tmp_path: Path) -> None:
    runner, out = CliRunner(), str(tmp_path / "out")
    built = runner.invoke(app, ["data", "build", "--data", str(line), "--out", out])
    assert built.exit_code == 0, built.output
    assert "expressions of 2 pictures" in built.output
    shown = runner.invoke(app, ["data", "stats", "--data", out, "--out", str(tmp_path / "plots")])
    assert shown.exit_code == 0, shown.output
    assert "anomalies" in shown.output
    assert (tmp_path / "plots" / "statistics.png").stat().st_size > 10_000
    told = json.loads(runner.invoke(app, ["data", "stats", "--data", out, "--json"]).stdout)
    assert told["lines"]["parts"]["images"]["defective"] == 1


def test_errors_are_the_users_to_mend(tmp_path: Path) -> None:
    asked = ["data", "stats", "--data", str(tmp_path)]
    result = CliRunner().invoke(app, asked)
    assert isinstance(result.exception, UserError)
    assert "referee data build" in str(result.exception)
