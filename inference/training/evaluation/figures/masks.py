"""The mask that counts, and pieces of masks. All at sensor pixels.

A prompt's answer is what the line's verdict is made of (``inference.findings``,
``contracts.verdict``): nothing if presence is 0 or below; else the connected regions of
margin > 0 that the rules count.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from contracts.prompt import UNIVERSAL_PROMPT
from contracts.release import Prompt
from contracts.verdict import counting
from inference.imaging import margin_to_mask
from inference.regions import regions_of

SHIPPED = Prompt(words=UNIVERSAL_PROMPT)
"""A prompt with words and no rules, as in a minimal line file: the shipped operating point."""
TOLERANCE_PX = 2


class Components(NamedTuple):
    """8-connected regions of a mask.

    Attributes:
        labels: (H, W) int32; 0 outside, 1 to count within.
        areas_px2: (count,) of labels 1 to count.
    """

    labels: np.ndarray
    areas_px2: np.ndarray


class Overlap(NamedTuple):
    """Areas of a mask and of the truth that it is compared with."""

    intersection_px2: int
    mask_px2: int
    truth_px2: int

    @classmethod
    def of(cls, mask: np.ndarray, truth: np.ndarray) -> Overlap:
        """Two (H, W) bool masks."""
        both = np.count_nonzero(mask & truth)
        return cls(int(both), int(np.count_nonzero(mask)), int(np.count_nonzero(truth)))

    @property
    def union_px2(self) -> int:
        return self.mask_px2 + self.truth_px2 - self.intersection_px2

    @property
    def iou(self) -> float:
        """Return the IoU; 1 if both are empty, because nothing was to be found and nothing was."""
        return self.intersection_px2 / self.union_px2 if self.union_px2 else 1.0


def components(mask: np.ndarray) -> Components:
    """Regions of a (H, W) bool mask, as the findings of a verdict are made."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    return Components(labels, stats[1:, cv2.CC_STAT_AREA])


def final_mask(margin: np.ndarray, presence: float, rule: Prompt = SHIPPED) -> np.ndarray:
    """Return the pixels of the regions that count.

    Args:
        margin: (H, W) float at sensor pixels.
        presence: logit.
        rule: the prompt, with its rules in px and px2.

    Returns:
        (H, W) bool; if the prompt has no limit, any pixel of it rejects the part.
    """
    mask = margin_to_mask(margin)
    if presence <= 0 or not mask.any():
        return np.zeros(mask.shape, bool)
    if not rule.filters:  # every region counts, and none need be looked at
        return mask
    regions = regions_of(mask)
    counts = np.zeros(len(regions) + 1, bool)
    counts[[region.label for region in counting(rule, regions)]] = True
    return counts[regions[0].labels]


def tolerant_intersection_px2(
    mask: np.ndarray, truth: np.ndarray, tolerance_px: int = TOLERANCE_PX
) -> int:
    """Pixels of the union that are within the tolerance of the other one, Euclidean.

    A pixel of the mask is right if a pixel of the truth is that near; a pixel of the truth is
    found if a pixel of the mask is that near. Divided by the plain union this is an IoU: never
    below the strict one, and 1 if the two outlines are nowhere further apart.
    """
    reach = np.arange(-tolerance_px, tolerance_px + 1)
    disc = (reach[:, None] ** 2 + reach[None] ** 2 <= tolerance_px**2).astype(np.uint8)
    near_truth = cv2.dilate(truth.astype(np.uint8), disc) > 0
    near_mask = cv2.dilate(mask.astype(np.uint8), disc) > 0
    return int(np.count_nonzero((mask & near_truth) | (truth & near_mask)))
