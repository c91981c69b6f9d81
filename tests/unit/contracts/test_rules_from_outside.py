"""Rules of another package decide, and are checked and shown, as ours are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.causes import Mode
from contracts.release import Prompt, Release
from dashboard.components.release_block import release_block
from inference.findings import find
from inference.training.evaluation.figures.masks import final_mask
from referee.cli import app
from storage.queries import ReleaseView
from tests.outside_rules import write_outside_rules
from tests.plugins import installed
from tests.unit.inference.making import config, margin_with, perception

LINE = """\
site: plant
line: line
stations:
  tiles:
    camera: {kind: simulated}
    scale_mm_per_px: 0.5
    prompts:
      - words: a stain
        least_area_of_box: 0.01
        largest_mean_area: 20"""
IN_WORDS = (
    "Reject on findings larger than 20 mm² on average,"
    " counting only findings whose box covers at least 1% of the picture"
)
# Of 40 x 60 px: 100 and 60 px2 count, 9 px2 do not; 0.25 mm2 a pixel.
MARGIN = margin_with((0, 0, 10, 10), (20, 0, 30, 6), (0, 30, 3, 33))


@pytest.fixture(autouse=True)
def _outside_rules(tmp_path: Path) -> Iterator[None]:
    write_outside_rules(tmp_path)
    with installed(tmp_path):
        yield


def stain(limit: float) -> Prompt:
    return Prompt(words="a stain", least_area_of_box=0.01, largest_mean_area=limit)


def test_it_decides() -> None:
    station = config(stain(19.9), scale_mm_per_px=0.5)
    found = find(perception(MARGIN), station)
    assert [finding.counted for finding in found.findings] == [True, True, False]
    (reason,) = found.reasons
    assert reason.model_dump() == {
        "prompt": "a stain",
        "rule": "largest_mean_area",
        "measured": 20.0,
        "limit": 19.9,
        "unit": "mm2",
    }
    assert find(perception(MARGIN), config(stain(20), scale_mm_per_px=0.5)).reasons == ()


def test_the_evaluation_counts_by_it() -> None:
    mask = final_mask(MARGIN[0], 1.0, stain(20))
    assert np.count_nonzero(mask) == 160


def test_referee_check_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    file = tmp_path / "line.yaml"
    file.write_text(LINE)
    result = CliRunner().invoke(app, ["check", str(file), "--run-dir", str(tmp_path / "never")])
    assert result.exit_code == 0, result.output
    assert IN_WORDS in result.output
    file.write_text(LINE.replace("mean_area: 20", "mean_area: big"))
    result = CliRunner().invoke(app, ["check", str(file)])
    assert "line.yaml:10:9: stations.tiles.prompts.0.largest_mean_area" in str(result.exception)


def test_the_dashboard_shows_it_in_the_same_words() -> None:
    release = Release.of("tiles", config(stain(20), scale_mm_per_px=0.5))
    stored = release.model_dump(mode="json")["config"]
    view = ReleaseView("tiles", release.release_id, Mode.OBSERVE, stored, 0, True)
    assert IN_WORDS in release_block("tiles", view, 0, UTC)


def test_where_it_is_not_installed_its_release_is_refused_by_name(tmp_path: Path) -> None:
    from contracts.errors import MalformedMessage
    from contracts.parsing import parse

    release = Release.of("tiles", config(stain(20)))
    raw = release.model_dump_json().replace("largest_mean_area", "largest_median_area")
    with pytest.raises(MalformedMessage, match=r"largest_median_area: no rule of this name"):
        parse(Release, raw, "config")
