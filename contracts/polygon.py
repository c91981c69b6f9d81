"""Polygons that people write as shares (0 to 1) of a picture's width and height."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

Point = tuple[float, float]


def _checked(corners: tuple[Point, ...]) -> tuple[Point, ...]:
    if len(corners) < 3:
        raise ValueError("a polygon needs at least 3 corners")
    if not all(0 <= v <= 1 for corner in corners for v in corner):
        raise ValueError("corners of a polygon are shares between 0 and 1")
    return corners


Polygon = Annotated[tuple[Point, ...], AfterValidator(_checked)]
"""At least three corners (x, y), shares of width and height from the top left."""


def contains(corners: tuple[Point, ...], point: Point) -> bool:
    """Return whether the point is inside, by how often a ray to its right crosses the edges."""
    x, y = point
    edges = zip(corners, (*corners[1:], corners[0]), strict=True)
    crossed = [
        (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
        for (x0, y0), (x1, y1) in edges
    ]
    return sum(crossed) % 2 == 1
