"""Connected regions of a mask, with what rules ask about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from contracts.polygon import Point


@dataclass(frozen=True, eq=False)
class MaskRegion:
    """One 8-connected region of a mask. Implements ``contracts.rules.Region``.

    Its outline and shape are computed when they are first asked for: of a noisy mask with thousands
    of regions, few are.

    Attributes:
        labels: (H, W) int32, the number of the region that each pixel belongs to; 0 for none.
        label: this region's number.
        area_px2: its pixels.
        box_xyxy_px: half open: x1 and y1 are the first column and row outside.
        centroid_px: mean of its pixel indices, x and y.
        unit_per_px: see ``StationConfig.unit_per_px``.
    """

    labels: np.ndarray
    label: int
    area_px2: float
    box_xyxy_px: tuple[int, int, int, int]
    centroid_px: Point
    unit_per_px: float

    @property
    def area(self) -> float:
        return self.area_px2 * self.unit_per_px**2

    @property
    def length(self) -> float:
        return max(self._sides_px) * self.unit_per_px

    @property
    def aspect_ratio(self) -> float:
        return max(self._sides_px) / min(self._sides_px)

    @property
    def centre_xy(self) -> Point:
        height, width = self.labels.shape
        x, y = self.centroid_px
        return (x + 0.5) / width, (y + 0.5) / height

    @property
    def box_xyxy(self) -> tuple[float, float, float, float]:
        height, width = self.labels.shape
        left, top, right, bottom = self.box_xyxy_px
        return left / width, top / height, right / width, bottom / height

    @property
    def window(self) -> tuple[slice, slice]:
        """Return the rows and columns of its box."""
        left, top, right, bottom = self.box_xyxy_px
        return slice(top, bottom), slice(left, right)

    @property
    def member(self) -> np.ndarray:
        """Return (h, w) bool within its box: the pixels that belong to it."""
        return self.labels[self.window] == self.label

    @cached_property
    def contour_px(self) -> np.ndarray:
        """Return (K, 1, 2) int32, its outer boundary as pixel indices (x, y) of the picture."""
        contours, _ = cv2.findContours(
            self.member.astype(np.uint8),
            cv2.RETR_EXTERNAL,
            cv2.CHAIN_APPROX_SIMPLE,
            offset=self.box_xyxy_px[:2],
        )
        return max(contours, key=cv2.contourArea)

    @cached_property
    def _sides_px(self) -> tuple[float, float]:
        """Sides of the smallest rectangle around its pixels, which are one wide themselves."""
        _, (one, other), _ = cv2.minAreaRect(self.contour_px)
        return one + 1, other + 1


def regions_of(mask: np.ndarray, unit_per_px: float = 1.0) -> list[MaskRegion]:
    """Return the 8-connected regions of an (H, W) bool mask, the largest first."""
    count, labels, stats, centroids = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    areas = stats[1:count, cv2.CC_STAT_AREA]  # label 0 is what is outside of all
    order = (np.argsort(-areas, kind="stable") + 1).tolist()
    return [_region(labels, label, stats[label], centroids[label], unit_per_px) for label in order]


def _region(
    labels: np.ndarray, label: int, stats: np.ndarray, centroid: np.ndarray, unit_per_px: float
) -> MaskRegion:
    x, y, width, height, area = stats.tolist()
    centre_x, centre_y = centroid.tolist()
    box = (x, y, x + width, y + height)
    return MaskRegion(labels, label, area, box, (centre_x, centre_y), unit_per_px)
