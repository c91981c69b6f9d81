"""Margins to findings: areas, boxes, units, region of interest, near misses, bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from contracts.causes import Decision
from contracts.errors import ModelRejected
from contracts.release import Prompt
from contracts.verdict import decision
from inference.findings import MOST_CORNERS, MOST_LISTED, find, region_mask
from inference.imaging import Geometry
from tests.unit.inference.making import SCRATCH, config, margin_with, perception


def test_one_region_in_sensor_pixels_and_millimetres() -> None:
    found = find(perception(margin_with((10, 5, 30, 15))), config(scale_mm_per_px=0.5))
    (finding,) = found.findings
    assert finding.box_xyxy_px == (10, 5, 30, 15)
    assert finding.centroid_xy_px == (20.0, 10.0)
    assert (finding.area_px2, finding.area) == (200, 50.0)
    assert set(finding.outline_px) == {(10, 5), (29, 5), (29, 14), (10, 14)}
    assert (finding.margin_mean, finding.margin_peak, finding.counted) == (2.0, 2.0, True)


def test_length_and_aspect_ratio_are_of_the_smallest_rectangle_around_the_finding() -> None:
    found = find(
        perception(margin_with((10, 5, 30, 9), (40, 20, 41, 21))), config(scale_mm_per_px=2)
    )
    assert [(one.length, one.aspect_ratio) for one in found.findings] == [(40.0, 5.0), (2.0, 1.0)]


def test_a_slanted_finding_is_as_long_as_it_is() -> None:
    margin = np.full((1, 60, 60), -1.0, np.float32)
    for step in range(40):
        margin[0, 10 + step, 10 + step : 13 + step] = 1.0
    (finding,) = find(perception(margin), config()).findings
    assert finding.length == pytest.approx(40 * np.sqrt(2), abs=2)
    assert finding.aspect_ratio > 10


def test_regions_that_do_not_touch_are_two_findings_the_largest_first() -> None:
    found = find(perception(margin_with((0, 0, 3, 3), (10, 10, 20, 20))), config())
    assert [finding.area for finding in found.findings] == [100, 9]


def test_a_finding_that_is_too_small_is_listed_and_does_not_count() -> None:
    prompt = SCRATCH.model_copy(update={"smallest_area": 10.0})
    found = find(perception(margin_with((0, 0, 3, 3))), config(prompt))
    assert [finding.counted for finding in found.findings] == [False]
    assert decision(found.reasons) is Decision.PASS


@pytest.mark.parametrize("presence", [0.0, -0.001])
def test_no_presence_no_finding_but_a_score(presence: float) -> None:
    found = find(perception(margin_with((0, 0, 3, 3)), [presence]), config())
    assert found.findings == ()
    (score,) = found.scores
    assert (score.area_px2, score.margin_peak) == (9, 2.0)
    assert score.presence_logit == pytest.approx(presence)


def test_near_miss_is_scored() -> None:
    found = find(perception(np.full((1, 40, 60), -0.25)), config())
    assert found.findings == ()
    assert (found.scores[0].margin_peak, found.scores[0].area_px2) == (-0.25, 0)


def test_each_prompt_has_its_own() -> None:
    margin = np.concatenate([margin_with((0, 0, 4, 4)), margin_with((30, 30, 40, 40))])
    station = config(SCRATCH, Prompt(words="a dent"))
    found = find(perception(margin), station)
    assert [(one.prompt, one.area) for one in found.findings] == [("scratch", 16), ("a dent", 100)]
    assert [score.prompt for score in found.scores] == ["scratch", "a dent"]


def test_only_inside_the_region_of_interest() -> None:
    left_half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    found = find(perception(margin_with((20, 10, 50, 20))), config(region_of_interest=left_half))
    (finding,) = found.findings
    assert finding.box_xyxy_px == (20, 10, 31, 20)  # a pixel that the edge cuts is inside
    assert found.scores[0].area_px2 == finding.area_px2 == 110


def test_whole_picture_as_polygon_is_the_whole_picture() -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert region_mask(corners, (7, 9)).all()


def test_a_region_without_pixels_is_no_pass() -> None:
    line = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.1))
    with pytest.raises(ModelRejected, match="no pixel"):
        find(perception(margin_with()), config(region_of_interest=line))


def test_answers_to_other_prompts_are_no_pass() -> None:
    with pytest.raises(ModelRejected, match="1 answers to 2 prompts"):
        find(perception(margin_with()), config(SCRATCH, Prompt(words="a dent")))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_logit_that_is_no_number_is_no_pass(bad: float) -> None:
    with pytest.raises(ModelRejected, match="finite"):
        perception(np.full((1, 4, 4), bad))
    with pytest.raises(ModelRejected, match="finite"):
        perception(margin_with(), [bad])


def test_margins_are_brought_to_sensor_pixels() -> None:
    seen = perception(margin_with((1, 1, 3, 3), size_hw=(8, 8)))
    larger = type(seen)(
        presence=seen.presence,
        margin=seen.margin,
        # The sensor's size halved, then padded; the network's stride is 4.
        geometry=Geometry(sensor_hw=(60, 56), network_hw=(32, 32), content_hw=(30, 28)),
        model_version="",
        timings_ms={},
    )
    (finding,) = find(larger, config()).findings
    x0, y0, x1, y1 = finding.box_xyxy_px
    assert (x0, y0) == pytest.approx((8, 8), abs=4)
    assert (x1, y1) == pytest.approx((24, 24), abs=4)


def test_ragged_outlines_are_bounded() -> None:
    rng = np.random.default_rng(7)
    radius = np.hypot(*np.mgrid[-100:100, -100:100]) + rng.normal(0, 3, (200, 200))
    found = find(perception(np.where(radius < 80, 1.0, -1.0)[None]), config())
    assert 3 <= len(found.findings[0].outline_px) <= MOST_CORNERS


@settings(max_examples=60, deadline=None)
@given(
    specks=hnp.arrays(bool, (12, 12)),
    blob=st.integers(0, 8),
    smallest=st.integers(0, 4),
    largest_count=st.none() | st.integers(0, 40),
    largest_total=st.none() | st.integers(0, 200),
)
def test_the_verdict_is_made_of_all_findings_however_many_are_listed(
    specks: np.ndarray,
    blob: int,
    smallest: int,
    largest_count: int | None,
    largest_total: int | None,
) -> None:
    limits = {"largest_count": largest_count, "largest_total_area": largest_total}
    station = config(Prompt(words="x", smallest_area=smallest, **limits))
    above = np.zeros((24, 24), bool)
    above[::2, ::2] = specks  # that do not touch each other
    above[:blob, :blob] = True
    found = find(perception(np.where(above, 1.0, -1.0)[None]), station)
    counted = [area for area in _areas(above) if area >= smallest]
    exceeded = {
        "largest_count": largest_count is not None and len(counted) > largest_count,
        "largest_total_area": largest_total is not None and sum(counted) > largest_total,
        "any": largest_count is None and largest_total is None and bool(counted),
    }
    assert {reason.rule for reason in found.reasons} == {
        name for name, broken in exceeded.items() if broken
    }
    assert sum(f.area for f in found.findings if f.counted) == sum(counted)
    assert len(found.findings) <= MOST_LISTED + 1


def test_what_is_not_listed_is_one_finding_as_long_as_its_longest() -> None:
    rows = [(0, 2 * row, 20, 2 * row + 1) for row in range(MOST_LISTED)]
    margin = margin_with(*rows, (0, 36, 7, 37), (0, 38, 3, 39))
    *_, last = find(perception(margin), config(Prompt(words="x", largest_length=30))).findings
    assert (last.area, last.length, last.aspect_ratio) == (10, 7, None)
    assert last.box_xyxy_px == (0, 36, 7, 39)


def _areas(above: np.ndarray) -> list[int]:
    """Areas of 8-connected regions, by walking: slow and plain."""
    left, areas = {tuple(at) for at in np.argwhere(above)}, []
    while left:
        todo, area = [left.pop()], 0
        while todo:
            y, x = todo.pop()
            area += 1
            around = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= around
            todo += around
        areas.append(area)
    return areas
