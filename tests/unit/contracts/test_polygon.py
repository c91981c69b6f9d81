"""Polygons that people write: which of them say what part of a picture they mean."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.polygon import MOST_CORNERS, contains, problem_of

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.mark.parametrize(
    "corners",
    [
        SQUARE,
        SQUARE[::-1],
        [*SQUARE, [0, 0]],
        [[0, 0], [0.5, 0], [1, 0], [1, 1]],
        [[0.1, 0.1], [0.3, 0.1], [0.2, 0.1000000001]],
        [[0, 0], [1, 0], [1, 1], [0.5, 0.1], [0, 1]],
    ],
)
def test_a_simple_polygon_is_right(corners: list[list[float]]) -> None:
    assert problem_of(corners) == ""


@pytest.mark.parametrize(
    ("corners", "says"),
    [
        ([[0, 0], [1, 1], [1, 0], [0, 1]], "cross"),
        ([[0, 0], [0.1, 0.1], [0.3, 0.3]], "flat"),
        ([[0.1, 0.7], [0.2, 0.7], [0.30000000000000004, 0.7]], "flat"),
        ([[0, 0], [1, 0]], "flat"),
        ([[0, 0], [0, 0], [0, 0], [0, 0]], "flat"),
        ([[0, 0], [1, 0], [1, 1], [1, 0.5]], "flat"),  # back on its own side
        ([[0, 0], [1, 0], [1, 1], [0, 0], [1, 0], [1, 1]], "cross or touch"),  # twice around
        ([[0, 0], [1, 0], [0.5, 0.5], [1, 1], [0, 1], [0.5, 0.5]], "cross or touch"),
        ([[0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1]], "cross or touch"),
        ([[0.001 * i, 0.5 + 0.001 * (i % 2)] for i in range(MOST_CORNERS + 1)], "at most 256"),
    ],
)
def test_what_no_one_can_mean_is_named(corners: list[list[float]], says: str) -> None:
    assert says in problem_of(corners)


SHARES = st.integers(0, 12).map(lambda twelfths: float(Fraction(twelfths, 16)))


@settings(max_examples=40)
@given(st.lists(st.tuples(SHARES, SHARES), min_size=3, max_size=7))
def test_inside_and_outside_of_a_right_polygon_add_up_to_its_area(
    corners: list[tuple[float, float]],
) -> None:
    """Of a crossed one they do not: what is wound around twice is outside."""
    assume(not problem_of(corners))
    around = zip(corners, [*corners[1:], corners[0]], strict=True)
    area = abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in around)) / 2
    steps = [(i + 0.5) / 64 for i in range(48)]
    inside = sum(contains(tuple(corners), (x, y)) for x in steps for y in steps)
    assert inside / 64**2 == pytest.approx(area, abs=0.05)
