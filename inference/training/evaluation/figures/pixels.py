"""Pixel by pixel over a whole line: AP, F1 and AUPRO.

The score of a pixel is its margin under the universal prompt. Scores are held at half precision,
so that a line's pixels are three histograms of 65,536 levels and not a sort of all of them; on
those levels the figures are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inference.training.evaluation.figures.masks import Overlap, components
from inference.training.evaluation.figures.numbers import rate, rounded

LEVELS = 2**16
AUPRO_LIMITS = {"aupro_0.3": 0.3, "aupro_0.05": 0.05}


def levels(scores: np.ndarray) -> np.ndarray:
    """Half-precision scores as uint16 that sort the same way."""
    bits = (scores.astype(np.float16) + np.float16(0)).view(np.uint16)  # -0 becomes 0
    return np.where(bits & 0x8000, ~bits, bits | 0x8000)


class PixelTally:
    """Adds up a line's pixels, picture by picture.

    AUPRO (Bergmann et al. 2020, "Uninformed Students"): the mean over the truth's connected
    regions of the share found, against the share of sound pixels called defective, integrated from
    0 to a limit of the latter and divided by the limit.
    """

    def __init__(self) -> None:
        self._positive, self._negative = np.zeros((2, LEVELS), np.int64)
        self._found = np.zeros(LEVELS)  # each region's pixels sum to 1
        self._regions = 0
        self._overlap = Overlap(0, 0, 0)

    def add(self, margin: np.ndarray, truth: np.ndarray, overlap: Overlap) -> None:
        """One picture: (H, W) float margins, (H, W) bool truth, and the final mask's overlap."""
        at = levels(margin)
        all_pixels = np.bincount(at.ravel(), minlength=LEVELS)
        positive = np.bincount(at[truth], minlength=LEVELS)
        self._positive += positive
        self._negative += all_pixels - positive
        self._overlap = Overlap(*(a + b for a, b in zip(self._overlap, overlap, strict=True)))
        if truth.any():
            labels, areas_px2 = components(truth)
            weights = 1.0 / areas_px2[labels[truth] - 1]
            self._found += np.bincount(at[truth], weights, minlength=LEVELS)
            self._regions += len(areas_px2)

    def figures(self) -> dict[str, Any]:
        """Return the figures; None for each if no pixel is defective, or none is sound."""
        right, called, truth = self._overlap
        if not self._positive.any() or not self._negative.any():
            return {"ap": None, "f1": None, **dict.fromkeys(AUPRO_LIMITS)}
        return {
            "ap": rounded(self._average_precision()),
            "f1": rate(2 * right, called + truth),
            **{name: rounded(self._aupro(limit)) for name, limit in AUPRO_LIMITS.items()},
        }

    def _average_precision(self) -> float:
        """Sum over falling thresholds of precision times what recall gained."""
        right, wrong = self._positive[::-1].cumsum(), self._negative[::-1].cumsum()
        precision = right / np.maximum(right + wrong, 1)
        return float((precision * self._positive[::-1]).sum() / right[-1])

    def _aupro(self, limit: float) -> float:
        wrong = self._negative[::-1].cumsum()
        alarms = np.concatenate([[0.0], wrong / wrong[-1]])
        found = np.concatenate([[0.0], self._found[::-1].cumsum() / self._regions])
        inside = alarms <= limit
        at_limit = np.interp(limit, alarms, found)
        x = np.append(alarms[inside], limit)
        y = np.append(found[inside], at_limit)
        return float(np.trapezoid(y, x) / limit)
