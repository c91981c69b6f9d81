"""What is really on a part, from its source."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from runtime.process.clock import ManualClock
from simulation.plates.camera import SimulatedPlates
from simulation.plates.render import render
from simulation.truth import SIMULATED, is_defective, kinds_of_folder, simulated_source, truth_of


def surface(seed: int = -3, share: float = 0.5) -> SimulatedPlates:
    return SimulatedPlates(seed=seed, defect_share=share, size_px=(96, 80), clock=ManualClock())


def test_a_simulated_part_can_be_rendered_again_from_its_source() -> None:
    camera = surface()
    for _ in range(5):
        shot = camera.capture()
        told = SIMULATED.fullmatch(shot.source)
        assert told
        part = render(int(told["seed"]), int(told["index"]), 96, 80, 0.5)
        shown = cv2.imdecode(np.frombuffer(shot.image, np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(shown[..., ::-1], part.image)
        assert truth_of(shot.source) == part.kind


def test_every_capture_shows_another_part() -> None:
    camera = surface()
    assert len({camera.capture().image for _ in range(4)}) == 4


def test_the_kind_of_a_replayed_picture_is_in_the_index(tmp_path: Path) -> None:
    entries = [
        {"image": "test/crack/1.jpg", "kind": "crack", "split": "whatever"},
        {"image": "test/good/2.jpg", "kind": "good"},
    ]
    (tmp_path / "index.json").write_text(json.dumps(entries))
    kinds = kinds_of_folder(tmp_path)
    assert truth_of("replay:test/crack/1.jpg", kinds) == "crack"
    assert truth_of("replay:test/good/2.jpg", kinds) == "good"
    assert truth_of("replay:test/good/3.jpg", kinds) is None


def test_without_an_index_nothing_is_known(tmp_path: Path) -> None:
    assert kinds_of_folder(tmp_path) == {}
    assert truth_of("replay:test/crack/1.jpg", {}) is None


@pytest.mark.parametrize(
    "source", ["", "opencv:0#3", "simulated:", "simulated:seed=1,index=2", "x/good/1.png"]
)
def test_other_sources_have_no_truth(source: str) -> None:
    assert truth_of(source) is None


def test_only_good_is_not_defective() -> None:
    assert not is_defective(str(truth_of(simulated_source(1, 2, "good"))))
    assert is_defective(str(truth_of(simulated_source(1, 2, "scratch"))))
