"""Escapes, false rejects and their intervals, on outcomes made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from inference.imaging import NetworkInput, margin_to_sensor
from inference.text_encoder import PromptTokens
from inference.training.dataset import Part
from inference.training.figures import (
    Case,
    Outcome,
    group_figures,
    image_figures,
    interval,
    largest_region_px2,
    measure,
)
from inference.training.predictors import Prediction


def outcome(
    presence: float, area_px2: int, kinds: tuple[str, ...] = (), overlap: int = 0
) -> Outcome:
    return Outcome("line", "name", kinds, presence, area_px2, overlap, 100)


def test_a_part_is_rejected_only_where_presence_and_area_agree() -> None:
    assert outcome(0.1, 20).rejected(20)
    assert not outcome(0.1, 19).rejected(20)
    assert not outcome(0.0, 500).rejected(20)


def test_rates_and_ious() -> None:
    outcomes = [
        outcome(2.0, 50, ("crack",), overlap=80),
        outcome(-1.0, 50, ("crack",), overlap=0),
        outcome(3.0, 50, ("spot",), overlap=40),
        outcome(1.0, 50),
        outcome(-2.0, 0),
    ]
    figures = image_figures(outcomes, 20)
    assert (figures["escapes"], figures["defective"]) == (1, 3)
    assert (figures["false_rejects"], figures["good"]) == (1, 2)
    assert figures["miou"] == pytest.approx(0.4)
    assert figures["oiou"] == pytest.approx(120 / 300)
    assert figures["auroc"] == pytest.approx(5 / 6, abs=1e-4)
    groups = group_figures(outcomes, 20)
    assert list(groups) == ["all", "crack", "spot"]
    assert groups["crack"]["escape_rate"] == 0.5
    assert groups["crack"]["false_reject_rate"] is None


def test_the_interval_is_clopper_and_pearson() -> None:
    # 0 of n: the upper end solves (1 - p)^n = alpha / 2.
    assert interval(0, 20) == (0.0, pytest.approx(1 - 0.025 ** (1 / 20), abs=1e-4))
    low, high = interval(5, 50) or (0, 0)
    assert (low, high) == (pytest.approx(0.0333, abs=1e-3), pytest.approx(0.2181, abs=1e-3))
    assert interval(0, 0) is None


def test_the_largest_region_is_8_connected() -> None:
    mask = np.zeros((10, 10), bool)
    mask[1, 1] = mask[2, 2] = mask[8, 8] = True
    assert largest_region_px2(mask) == 2
    assert largest_region_px2(np.zeros((5, 5), bool)) == 0


def test_iou_is_at_the_pictures_own_resolution() -> None:
    class Squares:
        def predict(self, image_rgb: np.ndarray, prompts: PromptTokens) -> Prediction:
            margin = np.full((1, 40, 60), -1.0, np.float32)
            margin[0, 10:20, 10:30] = 1.0
            return Prediction(margin, np.array([1.0], np.float32))

    truth = np.zeros((40, 60), np.uint8)
    truth[10:20, 20:40] = 255
    part = Part("line", "a", np.zeros((40, 60, 3), np.uint8), {"crack": truth})
    tokens = PromptTokens(np.zeros((1, 32, 384), np.float32), np.ones((1, 32), bool))
    (result,) = measure(Squares(), [Case(part, tokens)])
    assert (result.intersection_px2, result.union_px2) == (100, 300)
    assert result.largest_px2 == 200


def test_padding_never_reaches_the_mask() -> None:
    meta = NetworkInput(np.zeros((3, 64, 64), np.uint8), 1.0, (40, 50))
    margin = np.full((1, 32, 32), -1.0, np.float32)
    margin[:, 21:, :] = 5.0  # below row 42 of the content
    assert not (margin_to_sensor(margin, meta, (40, 50)) > 0).any()
