"""Findings drawn on their picture."""

from __future__ import annotations

import numpy as np

from inference.findings import find
from inference.overlay import SMALLEST_SIDE_PX, draw_findings
from tests.unit.inference.making import SCRATCH, config, margin_with, perception


def test_marks_the_finding_and_leaves_the_picture() -> None:
    picture = np.full((600, 700, 3), 100, np.uint8)
    margin = margin_with((200, 300, 260, 360), size_hw=(600, 700))
    findings = find(perception(margin), config()).findings
    drawn = draw_findings(picture, findings)
    assert drawn.shape == picture.shape
    assert (drawn[330, 230] != 100).any()
    assert (drawn[500:, 500:] == 100).all()
    assert (picture == 100).all()


def test_small_pictures_are_enlarged_and_what_does_not_count_is_grey() -> None:
    prompt = SCRATCH.model_copy(update={"smallest_area": 1e6})
    findings = find(perception(margin_with((10, 10, 30, 30))), config(prompt)).findings
    drawn = draw_findings(np.zeros((40, 60, 3), np.uint8), findings)
    zoom = SMALLEST_SIDE_PX // 40
    assert drawn.shape == (40 * zoom, 60 * zoom, 3)
    red, green, blue = drawn[20 * zoom, 20 * zoom].tolist()
    assert red == green == blue > 0


def test_no_findings_no_change() -> None:
    picture = np.full((500, 500, 3), 9, np.uint8)
    np.testing.assert_array_equal(draw_findings(picture, ()), picture)
