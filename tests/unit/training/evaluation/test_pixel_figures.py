"""Histograms of half-precision scores give what sorting every pixel gives."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from inference.training.evaluation.figures.masks import Overlap, components
from inference.training.evaluation.figures.pixels import PixelTally, levels


def pictures() -> list[tuple[np.ndarray, np.ndarray]]:
    """Margins that half precision holds exactly, with ties; one picture is good."""
    rng, made = np.random.default_rng(3), []
    for number in range(4):
        truth = np.zeros((12, 15), bool)
        if number:
            truth[2:4, 2 : 4 + number] = truth[8:11, 9:11] = True
        margin = rng.integers(-12, 8, truth.shape) / 4 + truth * 1.25
        made.append((margin.astype(np.float32), truth))
    return made


def tallied() -> PixelTally:
    tally = PixelTally()
    for margin, truth in pictures():
        tally.add(margin, truth, Overlap.of(margin > 0, truth))
    return tally


def pro_and_alarms(threshold: float) -> tuple[float, float]:
    """By the definition: mean share found of each region, share of sound pixels called."""
    shares, called, sound = [], 0, 0
    for margin, truth in pictures():
        labels, areas_px2 = components(truth)
        shares += [
            (margin[labels == label] >= threshold).mean() for label in range(1, len(areas_px2) + 1)
        ]
        called, sound = called + (margin[~truth] >= threshold).sum(), sound + (~truth).sum()
    return float(np.mean(shares)), called / sound


def test_levels_sort_as_the_scores_do() -> None:
    scores = np.array([-np.inf, -70.5, -1.0, -1e-4, 0.0, 2e-4, 0.5, 1.0, 300.0, np.inf])
    assert (np.diff(levels(scores).astype(int)) > 0).all()
    assert levels(np.array([-0.0])) == levels(np.array([0.0]))


def test_average_precision_is_scikit_learns() -> None:
    truth = np.concatenate([truth.ravel() for _, truth in pictures()])
    scores = np.concatenate([margin.ravel() for margin, _ in pictures()])
    expected = average_precision_score(truth, scores)
    assert tallied().figures()["ap"] == pytest.approx(expected, abs=1e-4)


def test_f1_is_of_the_final_masks() -> None:
    right = sum(int(((margin > 0) & truth).sum()) for margin, truth in pictures())
    wrong = sum(int(((margin > 0) & ~truth).sum()) for margin, truth in pictures())
    missed = sum(int(((margin <= 0) & truth).sum()) for margin, truth in pictures())
    expected = right / (right + (wrong + missed) / 2)
    assert tallied().figures()["f1"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("limit", [0.3, 0.05])
def test_aupro_is_the_area_under_brute_force_points(limit: float) -> None:
    points = [(0.0, 0.0)]
    for threshold in np.arange(4, -4, -0.25):
        found, alarms = pro_and_alarms(float(threshold))
        points.append((alarms, found))
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 >= limit or x1 == x0:
            continue
        end = min(x1, limit)
        at_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0)
        area += (end - x0) * (y0 + at_end) / 2
    assert tallied().figures()[f"aupro_{limit:g}"] == pytest.approx(area / limit, abs=1e-4)


def test_a_perfect_map_and_a_line_of_good_parts() -> None:
    truth = np.zeros((20, 20), bool)
    truth[3:6, 3:9] = True
    tally = PixelTally()
    tally.add(np.where(truth, 2.0, -2.0), truth, Overlap.of(truth, truth))
    assert tally.figures() == {"ap": 1.0, "f1": 1.0, "aupro_0.3": 1.0, "aupro_0.05": 1.0}
    good = PixelTally()
    good.add(np.zeros((4, 4)), np.zeros((4, 4), bool), Overlap(0, 0, 0))
    assert set(good.figures().values()) == {None}
