"""How alike two engines answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np


class Answer(NamedTuple):
    """Of one engine: margin (B, N, h, w) and presence (B, N), logits."""

    margin: np.ndarray
    presence: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """(B, N, h, w) bool, what each prompt refers to."""
        return (self.margin > 0) & (self.presence > 0)[..., None, None]


class Agreement(NamedTuple):
    """Over pictures and prompts.

    Attributes:
        answers: of one prompt about one picture.
        with_masks: answers for which at least one engine has a mask.
        called_otherwise: answers for which only one has.
        least_iou, mean_iou: of the two masks; None if no answer has one.
        margin, presence: the largest difference of a logit.
    """

    answers: int
    with_masks: int
    called_otherwise: int
    least_iou: float | None
    mean_iou: float | None
    margin: float
    presence: float

    @staticmethod
    def head() -> list[str]:
        """What ``cells`` are."""
        return [
            "answers",
            "with a mask",
            "called otherwise",
            "mask IoU, least",
            "mean",
            "largest difference of a margin",
            "of a presence",
        ]

    def cells(self) -> list[str]:
        """For a table."""
        ious = ("–" if iou is None else f"{iou:.5f}" for iou in (self.least_iou, self.mean_iou))
        counts = map(str, (self.answers, self.with_masks, self.called_otherwise))
        return [*counts, *ious, f"{self.margin:.2e}", f"{self.presence:.2e}"]


def agreement(pairs: Iterable[tuple[Answer, Answer]]) -> Agreement:
    """Of answers to the same calls; at least one."""
    ious: list[float] = []
    answers = otherwise = 0
    margin = presence = 0.0
    for one, other in pairs:
        both, either = one.mask & other.mask, one.mask | other.mask
        inside, whole = both.sum((-2, -1)), either.sum((-2, -1))
        ious += (inside[whole > 0] / whole[whole > 0]).tolist()
        otherwise += int((one.mask.any((-2, -1)) != other.mask.any((-2, -1))).sum())
        answers += one.presence.size
        margin = max(margin, float(np.abs(one.margin - other.margin).max()))
        presence = max(presence, float(np.abs(one.presence - other.presence).max()))
    least, mean = (min(ious), float(np.mean(ious))) if ious else (None, None)
    return Agreement(answers, len(ious), otherwise, least, mean, margin, presence)
