"""Which defects an expression refers to: all of a kind, those in a zone, the largest, a count.

An expression is drawn after the picture was cropped, turned and mirrored, from the masks as they
are then: so "left" is still left.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from inference.training.words.captions import PLAIN

# A region is in a zone if its centre is within ``NEAR`` of the side, and outside beyond ``FAR``;
# in between it is debatable, and the zone is not asked for.
NEAR, FAR = 0.4, 0.5
SIDES = {
    "left": ((-1, 0),),
    "right": ((1, 0),),
    "top": ((0, -1),),
    "bottom": ((0, 1),),
    "upper_left": ((-1, 0), (0, -1)),
    "upper_right": ((1, 0), (0, -1)),
    "lower_left": ((-1, 0), (0, 1)),
    "lower_right": ((1, 0), (0, 1)),
}
CENTRE = "centre"
ZONES = (*SIDES, CENTRE)
COUNTS = {1: "one", 2: "two", 3: "three"}
SIZES = ("largest", "smallest")
CLEARLY_LARGER = 1.5
SMALLEST_REGION_PX2 = 12
NEIGHBOURS_PX = 4


class Regions(NamedTuple):
    """Attributes:
    labels: (H, W) int32, 0 background, 1..n the regions.
    centres: (n, 2) float, x and y over width and height, 0..1.
    areas_px2: (n,) int.
    """

    labels: np.ndarray
    centres: np.ndarray
    areas_px2: np.ndarray

    def mask(self, chosen: np.ndarray) -> np.ndarray:
        """(H, W) uint8, 255 on the regions chosen; ``chosen`` is (n,) bool."""
        table = np.concatenate([[False], chosen]).astype(np.uint8) * 255
        return table[self.labels]


def regions_of(mask: np.ndarray) -> Regions:
    """8-connected regions of a (H, W) uint8 mask; specks join the background."""
    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = areas >= SMALLEST_REGION_PX2
    table = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.int32)
    size = np.array([mask.shape[1], mask.shape[0]], float)
    return Regions(table[labels], (centres[1:][kept] + 0.5) / size, areas[kept])


def in_zone(zone: str, centres: np.ndarray) -> np.ndarray | None:
    """Return (n,) bool, which centres lie in a zone; None if that is debatable for one."""
    inside, outside = np.ones(len(centres), bool), np.zeros(len(centres), bool)
    for distance in _distances(zone, centres):
        inside &= distance < NEAR
        outside |= distance > FAR
    return inside if (inside | outside).all() else None


def _distances(zone: str, centres: np.ndarray) -> list[np.ndarray]:
    """From the sides that a zone lies at, 0..1; for the centre twice that from the middle."""
    if zone == CENTRE:
        return [2 * np.abs(centres[:, axis] - 0.5) for axis in (0, 1)]
    return [
        np.where(sign < 0, centres[:, axis], 1 - centres[:, axis])
        for step in SIDES[zone]
        for axis, sign in enumerate(step)
        if sign
    ]


def countable(mask: np.ndarray, regions: Regions) -> bool:
    """Return whether everyone would count the same regions: none is near another.

    A scratch with a gap in it is one scratch to most people and two regions to a computer.
    """
    side = 2 * NEIGHBOURS_PX + 1
    joined = cv2.dilate(mask, np.ones((side, side), np.uint8))
    return cv2.connectedComponents(joined)[0] - 1 == len(regions.areas_px2)


def true_forms(regions: Regions, counted: bool = True) -> dict[str, np.ndarray]:
    """Return form -> (n,) bool, its regions, for every form that is true and not empty.

    ``counted``: their number and order of size are beyond doubt (``countable``).
    """
    everything = np.ones(len(regions.areas_px2), bool)
    forms = {PLAIN: everything}
    for zone in ZONES:
        chosen = in_zone(zone, regions.centres)
        if chosen is not None and chosen.any():
            forms[zone] = chosen
    if not counted:
        return forms
    if len(everything) in COUNTS:
        forms[COUNTS[len(everything)]] = everything
    return forms | _sizes(regions)


def _sizes(regions: Regions) -> dict[str, np.ndarray]:
    """Return the largest and the smallest, if it is beyond doubt which they are."""
    areas = regions.areas_px2
    if len(areas) < 2:
        return {}
    order, forms = np.argsort(areas), {}
    if areas[order[-1]] > CLEARLY_LARGER * areas[order[-2]]:
        forms["largest"] = np.arange(len(areas)) == order[-1]
    if areas[order[1]] > CLEARLY_LARGER * areas[order[0]]:
        forms["smallest"] = np.arange(len(areas)) == order[0]
    return forms


def empty_zones(mask: np.ndarray) -> list[str]:
    """Return the zones in which, beyond doubt, no pixel of a (H, W) mask lies."""
    return [zone for zone in ZONES if not mask[zone_window(zone, mask.shape)].any()]


def zone_window(zone: str, hw: tuple[int, ...]) -> tuple[slice, slice]:
    """Return rows and columns of the pixels that could be called part of a zone."""
    spans = [(0.0, 1.0), (0.0, 1.0)]  # y, x
    if zone == CENTRE:
        spans = [(0.5 - FAR / 2, 0.5 + FAR / 2)] * 2
    for across, down in SIDES.get(zone, ()):
        axis, sign = (1, across) if across else (0, down)
        spans[axis] = (0.0, FAR) if sign < 0 else (1.0 - FAR, 1.0)
    rows, columns = (
        slice(int(np.floor(low * side)), int(np.ceil(high * side)))
        for (low, high), side in zip(spans, hw, strict=True)
    )
    return rows, columns
