"""A folder of good parts becomes a bank that passes them and not what is unlike them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from contracts.errors import BadSettings
from inference.dqformer.backbone import Backbone
from inference.dqformer.config import BackboneConfig
from inference.references.operating_point import score
from inference.training.learn import learn, main, pictures_in
from inference.training.reference_features import STRIDES, ReferenceFeatures

OPTIONS = {"width": 0.25}


@pytest.fixture
def extract() -> ReferenceFeatures:
    torch.manual_seed(0)
    return ReferenceFeatures(Backbone(BackboneConfig("efficientnet_lite", OPTIONS)), 128)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    rng, folder = np.random.default_rng(0), tmp_path / "good"
    folder.mkdir()
    for number in range(6):
        image = rng.integers(90, 120, (96, 112, 3), dtype=np.uint8)
        assert cv2.imwrite(str(folder / f"{number}.png"), image)
    return folder


def test_features_have_a_cell_for_each_stride_of_the_picture(extract: ReferenceFeatures) -> None:
    """Padding is left out, and a picture that is too long is reduced first."""
    for hw, seen in (((60, 112), (60, 112)), ((128, 256), (64, 128))):
        maps = extract(np.zeros((*hw, 3), np.uint8))
        assert [m.shape[:2] for m in maps] == [
            tuple(-(-side // stride) for side in seen) for stride in STRIDES
        ]


def test_features_are_means_of_three_by_three(extract: ReferenceFeatures) -> None:
    image = np.random.default_rng(1).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    pixels = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].float()
    with torch.no_grad():
        plain = extract.backbone(pixels)[1][0].numpy()
    found = extract(image)[0]
    np.testing.assert_allclose(found[5, 7], plain[:, 4:7, 6:9].mean((1, 2)), atol=1e-4)
    np.testing.assert_allclose(found[0, 0], plain[:, :2, :2].mean((1, 2)), atol=1e-4)


def test_good_parts_pass_and_another_thing_does_not(good: Path, extract: ReferenceFeatures) -> None:
    learned = learn(pictures_in(good), extract, "network-1", 128, None)
    assert learned.point.rate == pytest.approx(1 / 7)
    stripes = np.tile(np.uint8([0, 0, 0, 0, 255, 255, 255, 255]), (96, 14))
    other = learned.bank.distances(extract(np.dstack([stripes] * 3)))
    assert score(other) > 2 * learned.point.limit
    like = np.random.default_rng(9).integers(90, 120, (96, 112, 3), dtype=np.uint8)
    assert score(learned.bank.distances(extract(like))) < 1.5 * learned.point.limit


def test_too_few_parts_and_broken_pictures_are_named(
    good: Path, extract: ReferenceFeatures
) -> None:
    pictures = pictures_in(good)
    with pytest.raises(BadSettings, match="at least two good parts"):
        learn(pictures[:1], extract, "network-1", 128, None)
    with pytest.raises(BadSettings, match=r"6 good parts cannot state a rate of 0\.05: 19 can"):
        learn(pictures, extract, "network-1", 128, 0.05)
    pictures[2].write_bytes(b"broken")
    with pytest.raises(BadSettings, match="references:"):
        learn(pictures, extract, "network-1", 128, None)
    with pytest.raises(BadSettings, match="no folder"):
        pictures_in(good / "gone")


def test_the_command_names_absent_weights(good: Path, tmp_path: Path) -> None:
    wanted = ["--good", str(good), "--out", str(tmp_path / "b.npz"), "--backbone", "/nowhere"]
    with pytest.raises(BadSettings, match="backbone"):
        main(wanted)
