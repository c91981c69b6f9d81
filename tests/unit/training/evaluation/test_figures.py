"""The figures of pictures and defects, on cases small enough to count by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.camera import CameraConfig
from contracts.causes import Decision
from contracts.release import Prompt, StationConfig
from contracts.verdict import decision
from inference.findings import find
from inference.imaging import Geometry, margin_to_sensor
from inference.perception import Perception
from inference.text_encoder import PromptTokens
from inference.training.data.dataset import Part
from inference.training.evaluation.engines import Prediction
from inference.training.evaluation.figures.defects import blob_figures, region_figures
from inference.training.evaluation.figures.images import auroc, false_rejects_at, image_figures
from inference.training.evaluation.figures.masks import (
    Overlap,
    components,
    final_mask,
    tolerant_intersection_px2,
)
from inference.training.evaluation.figures.numbers import interval
from inference.training.evaluation.figures.outcomes import (
    Case,
    Outcome,
    Region,
    measure,
    outcome_of,
)
from inference.training.evaluation.figures.segmentation import (
    by_area,
    gres_figures,
    targeted_figures,
    tolerant_oiou,
)
from inference.training.referring.referring_set import area_bin


def outcome(
    kinds: Sequence[str] = (),
    overlap: tuple[int, int, int] = (0, 0, 0),
    score: float = 1.0,
    regions: tuple[Region, ...] = (),
    blobs: int = 0,
    tolerant: int = 0,
    image_px2: int = 1000,
) -> Outcome:
    return Outcome(
        "line", "name", tuple(kinds), image_px2, score, score, overlap[1], Overlap(*overlap),
        tolerant, regions, blobs,
    )  # fmt: skip


def mask_of(*rows: str) -> np.ndarray:
    return np.array([[letter == "#" for letter in row] for row in rows])


def test_rates_and_ious_of_parts() -> None:
    outcomes = [
        outcome(["crack"], (80, 80, 100)),  # IoU .8
        outcome(["crack"], (0, 0, 100)),  # escaped: IoU 0
        outcome(["spot"], (40, 80, 60)),  # IoU .4
        outcome([], (0, 7, 0)),
        outcome(),
    ]
    figures = image_figures(outcomes)
    assert (figures["escapes"], figures["defective"]) == (1, 3)
    assert (figures["false_rejects"], figures["good"]) == (1, 2)
    assert figures["miou"] == 0.4
    assert figures["oiou"] == pytest.approx(120 / 300)
    assert image_figures(outcomes[:3])["false_reject_rate"] is None


def test_auroc_counts_pairs_and_halves_of_ties() -> None:
    # (3,2) (3,1) right, (1,1) tie, (1,2) wrong: 2.5 of 4
    assert auroc([3.0, 1.0], [1.0, 2.0]) == 0.625
    assert auroc([], [1.0]) is None


def test_false_rejects_when_so_many_may_escape() -> None:
    bad = [outcome(["crack"], score=value) for value in (-1.0, *[5.0] * 98, 0.5)]
    good = [outcome(score=value) for value in (-2.0, 0.0, 1.0, 6.0)]
    # None may escape: the threshold is at -1, three are rejected. One in a hundred: at .5, two.
    # Two: at 5, one.
    assert false_rejects_at([*bad, *good]) == {
        "0_percent": 0.75,
        "1_percent": 0.5,
        "2_percent": 0.25,
    }


def test_the_interval_is_clopper_and_pearson() -> None:
    # 0 of n: the upper end solves (1 - p)^n = alpha / 2.
    assert interval(0, 20) == (0.0, pytest.approx(1 - 0.025 ** (1 / 20), abs=1e-4))
    low, high = interval(5, 50) or (0, 0)
    assert (low, high) == (pytest.approx(0.0333, abs=1e-3), pytest.approx(0.2181, abs=1e-3))
    assert interval(0, 0) is None


def test_regions_are_8_connected_and_small_ones_do_not_count() -> None:
    mask = mask_of("#....", ".#...", ".....", "....#")
    assert sorted(components(mask).areas_px2.tolist()) == [1, 2]
    margin = np.where(mask, 1.0, -1.0)
    wants_two = Prompt(words="any", smallest_area=2)
    assert final_mask(margin, 0.1, wants_two).sum() == 2
    assert final_mask(margin, 0.1).sum() == 3
    assert not final_mask(margin, 0.0).any()


@given(
    st.integers(0, 2**32 - 1),
    st.floats(-1, 1, width=32),
    st.sampled_from(
        [
            {},
            *({"smallest_area": area} for area in (0.0, 1.0, 2.0, 9.0)),
            {"least_aspect_ratio": 2},
            {"zone": [[0, 0], [0.5, 0], [0.5, 1]], "smallest_area": 2},
        ]
    ),
)
def test_the_final_mask_is_what_the_verdict_is_made_of(
    seed: int, presence: float, filters: dict
) -> None:
    rng = np.random.default_rng(seed)
    margin = rng.normal(-0.8, 1, (16, 16)).astype(np.float32)
    prompt = Prompt(words="any defect", **filters)
    station = StationConfig(camera=CameraConfig(kind="replay"), prompts=(prompt,))
    size = (16, 16)
    seen = Perception(
        np.array([presence], np.float32), margin[None], Geometry(size, size, size), "", {}
    )
    found = find(seen, station)
    mask = final_mask(margin, float(np.float32(presence)), prompt)
    assert mask.any() == (decision(found.reasons) is Decision.REJECT)
    assert mask.sum() == sum(finding.area_px2 for finding in found.findings if finding.counted)


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
    assert (result.overlap.intersection_px2, result.overlap.union_px2) == (100, 300)
    assert (result.largest_px2, result.blobs, result.rejected()) == (200, 1, True)


def test_padding_never_reaches_the_mask() -> None:
    geometry = Geometry(sensor_hw=(40, 50), network_hw=(64, 64), content_hw=(40, 50))
    margin = np.full((1, 32, 32), -1.0, np.float32)
    margin[:, 21:, :] = 5.0  # below row 42 of the content
    assert not (margin_to_sensor(margin, geometry) > 0).any()


def test_precision_counts_from_the_threshold_on() -> None:
    figures = targeted_figures([Overlap(5, 5, 10), Overlap(9, 10, 9), Overlap(0, 0, 4)])
    assert figures["precision_at"] == {
        "0.5": 0.6667,
        "0.6": 0.3333,
        "0.7": 0.3333,
        "0.8": 0.3333,
        "0.9": 0.3333,
    }
    assert figures["miou"] == 0.4667
    assert figures["oiou"] == round(14 / 24, 4)


def test_gres_counts_an_empty_answer_to_nothing_as_right() -> None:
    samples = [
        Overlap(5, 10, 5),  # IoU .5
        Overlap(0, 0, 10),  # missed
        Overlap(0, 0, 0),  # rightly nothing
        Overlap(0, 20, 0),  # wrongly something
        Overlap(0, 0, 0),
    ]
    assert gres_figures(samples) == {
        "samples": 5,
        "no_target": 3,
        "giou": 0.5,  # (.5 + 0 + 1 + 0 + 1) / 5
        "ciou": 0.125,  # 5 / (10 + 10 + 20)
        "n_acc": 0.6667,
        "t_acc": 0.5,
    }


def test_two_pixels_aside_is_there_and_three_are_not() -> None:
    truth = mask_of("#.......", "........")
    for at, expected in ((1, 2), (2, 2), (3, 0)):
        mask = np.zeros_like(truth)
        mask[0, at] = True
        assert tolerant_intersection_px2(mask, truth) == expected
    diagonal = np.zeros((3, 3), bool)
    diagonal[2, 2] = True  # sqrt(8) away
    assert tolerant_intersection_px2(diagonal, diagonal[::-1, ::-1]) == 0
    assert tolerant_intersection_px2(truth, truth) == 1
    assert tolerant_oiou([outcome(["a"], (1, 2, 3), tolerant=3), outcome()]) == 0.75


def test_sizes_are_shares_of_the_picture() -> None:
    assert [area_bin(px2, 10_000) for px2 in (9, 10, 99, 100)] == [
        "below_0.1_percent",
        "0.1_to_1_percent",
        "0.1_to_1_percent",
        "above_1_percent",
    ]
    bins = by_area([outcome(["a"], (5, 5, 10)), outcome(["a"], (0, 0, 9)), outcome()])
    assert bins["above_1_percent"] == {"images": 1, "escapes": 0, "miou": 0.5, "oiou": 0.5}
    assert bins["0.1_to_1_percent"]["escapes"] == 1
    assert bins["below_0.1_percent"] == {"images": 0, "escapes": 0, "miou": None, "oiou": None}


def test_regions_are_the_truth_in_boxes_or_else_connected() -> None:
    truth = mask_of("##...#", "......", "##....").astype(np.uint8) * 255
    part = Part("line", "a", np.zeros((3, 6, 3), np.uint8), {"nick": truth})
    margin = np.full((3, 6), -1.0)
    margin[0, 1] = margin[0, 2] = 1.0  # touches the first
    connected = outcome_of(part, margin, 1.0).regions
    assert connected == (
        Region("nick", 2, True),
        Region("nick", 1, False),
        Region("nick", 2, False),
    )
    boxes = [
        {"kind": "nick", "box_xyxy": [0, 0, 2, 3]},  # both on the left in one
        {"kind": "nick", "box_xyxy": [5, 0, 6, 1]},
        {"kind": "nick", "box_xyxy": [3, 1, 5, 2]},  # nothing in it: no region
    ]
    boxed = outcome_of(part, margin, 1.0, boxes).regions
    assert boxed == (Region("nick", 4, True), Region("nick", 1, False))
    assert not any(region.touched for region in outcome_of(part, margin, -1.0).regions)


def test_recall_by_size_and_kind_and_blobs_on_good_parts() -> None:
    outcomes = [
        outcome(["a", "b"], regions=(Region("a", 1, True), Region("b", 50, False)), blobs=9),
        outcome(["a"], regions=(Region("a", 60, True),)),
        outcome(blobs=3),
        outcome(),
    ]
    figures = region_figures(outcomes)
    assert (figures["regions"], figures["region_recall"]) == (3, 0.6667)
    assert figures["region_recall_by_kind"]["b"] == {"regions": 1, "recall": 0.0}
    assert figures["region_recall_by_area"]["above_1_percent"] == {"regions": 2, "recall": 0.5}
    assert blob_figures(outcomes) == {"false_blobs_per_good": 1.5}
    assert blob_figures(outcomes[:2]) == {"false_blobs_per_good": None}
