"""The line files that come with the project open the cameras they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.causes import Mode
from contracts.errors import CameraFailed
from contracts.release import StationConfig
from ingest.cameras.replay import ReplayFolder
from ingest.station_camera import CameraOpener
from runtime.linefile.line_file import load_line_file
from runtime.process.clock import ManualClock
from simulation.truth import truth_of

INDEX = '[{"image": "a.png", "kind": "good", "split": "val"}]'
LINES = Path(__file__).resolve().parents[3] / "lines"


def station(file: str, name: str) -> StationConfig:
    return load_line_file(LINES / file).stations[name]


def test_the_demo_line_shows_parts_whose_truth_is_known() -> None:
    camera = CameraOpener(None, 0.5, ManualClock())(station("demo.yaml", "plate").camera)
    kinds = [truth_of(camera.capture().source) for _ in range(60)]
    assert 3 <= sum(kind != "good" for kind in kinds) <= 25
    assert None not in kinds


def test_only_the_universal_prompt_of_the_demo_line_decides() -> None:
    config = station("demo.yaml", "plate")
    deciding = [prompt.words for prompt in config.prompts if "any" in prompt.limits]
    assert deciding == ["any defect"]
    assert (config.area_unit, config.mode, config.deadline_ms) == ("mm2", Mode.GUARD, 1000)


def test_the_tile_line_shows_the_folder_of_the_command_line(tmp_path: Path) -> None:
    config = station("magnetic_tile.yaml", "tiles")
    assert config.area_unit == "px2"
    with pytest.raises(CameraFailed, match="--images DIR"):
        CameraOpener(None, 0.5, ManualClock())(config.camera)
    (tmp_path / "a.jpg").write_bytes(b"a")
    camera = CameraOpener(tmp_path, 0.5, ManualClock())(config.camera)
    assert isinstance(camera, ReplayFolder)
    assert camera.capture().source == "replay:a.jpg"


@pytest.mark.parametrize("file", ["demo.yaml", "magnetic_tile.yaml"])
def test_what_is_commented_out_is_right_too(file: str, tmp_path: Path) -> None:
    """A comment such as ``# split: val`` is there to be uncommented."""
    text = (LINES / file).read_text()
    text = re.sub(r"^( +)# ((folder|split|region_of_interest): )", r"\1\2", text, flags=re.M)
    (tmp_path / "lines").mkdir()
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "a.png").write_bytes(b"a")
    (tmp_path / "tiles" / "index.json").write_text(INDEX)
    (tmp_path / "lines" / file).write_text(text)
    assert load_line_file(tmp_path / "lines" / file) != load_line_file(LINES / file)
