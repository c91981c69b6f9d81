"""Polygons that people write as shares (0 to 1) of a picture's width and height."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Annotated

from pydantic import AfterValidator

Point = tuple[float, float]

MOST_CORNERS = 256
"""Of a polygon that somebody writes."""


def _checked(corners: tuple[Point, ...]) -> tuple[Point, ...]:
    if len(corners) < 3:
        raise ValueError("a polygon needs at least 3 corners")
    for number, (x, y) in enumerate(corners, 1):
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(
                f"corner {number} is outside the picture: [{x:g}, {y:g}]; corners are shares of "
                "width and height between 0 and 1: divide pixels by the picture's width and height"
            )
    return corners


_CHECK = AfterValidator(_checked)
Polygon = Annotated[tuple[Point, ...], _CHECK]
"""At least three corners (x, y), shares of width and height from the top left."""


def is_polygon(metadata: Sequence[object]) -> bool:
    """Return whether a field with this metadata (of pydantic) is a ``Polygon``."""
    return _CHECK in metadata


def contains(corners: tuple[Point, ...], point: Point) -> bool:
    """Return whether the point is inside, by how often a ray to its right crosses the edges."""
    x, y = point
    edges = zip(corners, (*corners[1:], corners[0]), strict=True)
    crossed = [
        (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
        for (x0, y0), (x1, y1) in edges
    ]
    return sum(crossed) % 2 == 1


def problem_of(corners: Sequence[Sequence[float]]) -> str:
    """Return why a polygon does not say which part of a picture it means; empty if it does.

    Parts of a picture that a crossed polygon winds around twice are outside of it, and a flat one
    holds nothing. Exact to the digits that somebody wrote. The first corner may be repeated at the
    end.
    """
    if len(corners) > MOST_CORNERS:
        return f"a polygon has at most {MOST_CORNERS} corners"
    exact = _without_repeats([(Fraction(str(x)), Fraction(str(y))) for x, y in corners])
    if len(exact) < 3 or _has_spike(exact):
        return "the polygon is flat: corners must go around an area, and none lie on the way back"
    sides = list(zip(exact, [*exact[1:], exact[0]], strict=True))
    for (i, one), (j, other) in combinations(enumerate(sides), 2):
        neighbours = j - i == 1 or (i == 0 and j == len(sides) - 1)
        if not neighbours and _meet(one, other):
            return (
                f"the sides from {_shown(one)} and from {_shown(other)} cross or touch: "
                "list the corners in order around the area"
            )
    return ""


_Exact = tuple[Fraction, Fraction]
_Side = tuple[_Exact, _Exact]


def _without_repeats(corners: list[_Exact]) -> list[_Exact]:
    return [corner for i, corner in enumerate(corners) if corner != corners[i - 1]]


def _has_spike(corners: list[_Exact]) -> bool:
    """Whether two sides that follow each other go back on the same line, as in a flat polygon."""
    return any(
        _turn(corners[i - 2], corners[i - 1], corner) == 0
        and _between(corners[i - 1], corners[i - 2], corner) is False
        for i, corner in enumerate(corners)
    )


def _meet(one: _Side, other: _Side) -> bool:
    (a, b), (c, d) = one, other
    turns = [_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)]
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = zip(turns, ((c, a, b), (d, a, b), (a, c, d), (b, c, d)), strict=True)
    return any(turn == 0 and _between(*end) for turn, end in ends)


def _turn(a: _Exact, b: _Exact, c: _Exact) -> int:
    """1 if c is left of the way from a to b, -1 if it is right of it, 0 on it."""
    cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (cross > 0) - (cross < 0)


def _between(point: _Exact, a: _Exact, b: _Exact) -> bool:
    """Whether a point on the line through a and b is not outside of them."""
    return all(min(a[k], b[k]) <= point[k] <= max(a[k], b[k]) for k in (0, 1))


def _shown(side: _Side) -> str:
    (x0, y0), (x1, y1) = side
    return f"[{float(x0):g}, {float(y0):g}] to [{float(x1):g}, {float(y1):g}]"
