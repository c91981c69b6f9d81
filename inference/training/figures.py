"""How good is it? The figures; ``evaluate.py`` is the command.

Images: a part is rejected where the presence logit is above 0 and some connected region of
Anomaly over Background has at least the smallest area that counts. Escapes are defective parts
that were passed, false rejects good parts that were not; intervals are exact binomial (Clopper
and Pearson 1934), 95 %. Pixels: IoU at the picture's own resolution, of defective parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from statsmodels.stats.proportion import proportion_confint

from inference.imaging import margin_to_mask
from inference.text_encoder import PromptTokens, TextEncoder
from inference.training.captions import UNIVERSAL_PROMPT
from inference.training.dataset import Part
from inference.training.predictors import Predictor


@dataclass(frozen=True)
class Case:
    """A part and the prompt it is held against."""

    part: Part
    prompts: PromptTokens


@dataclass(frozen=True)
class Outcome:
    """What the network said of one part, under one prompt.

    Attributes:
        kinds: what is on the part, in truth; empty for a good part.
        presence: logit.
        largest_px2: area of the largest connected region of the mask, sensor pixels.
        intersection_px2, union_px2: of mask and truth.
    """

    line: str
    name: str
    kinds: tuple[str, ...]
    presence: float
    largest_px2: int
    intersection_px2: int
    union_px2: int

    def rejected(self, min_area_px2: float) -> bool:
        return self.presence > 0 and self.largest_px2 >= min_area_px2


def universal_cases(
    parts: dict[str, list[Part]], encoder: TextEncoder, prompt: str = UNIVERSAL_PROMPT
) -> list[Case]:
    """Every part, held against the universal prompt."""
    tokens = encoder.encode([prompt])
    return [Case(part, tokens) for line in parts.values() for part in line]


def measure(predictor: Predictor, cases: list[Case]) -> list[Outcome]:
    """Run every case once."""
    return [_outcome(predictor, case) for case in cases]


def _outcome(predictor: Predictor, case: Case) -> Outcome:
    prediction = predictor.predict(case.part.image, case.prompts)
    mask, truth = margin_to_mask(prediction.margin[0]), case.part.any_mask() > 0
    return Outcome(
        line=case.part.line,
        name=case.part.name,
        kinds=tuple(sorted(case.part.masks)),
        presence=float(prediction.presence[0]),
        largest_px2=largest_region_px2(mask),
        intersection_px2=int((mask & truth).sum()),
        union_px2=int((mask | truth).sum()),
    )


def largest_region_px2(mask: np.ndarray) -> int:
    """Area of the largest 8-connected region of a (H, W) bool mask; 0 where it is empty."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return int(stats[1:, cv2.CC_STAT_AREA].max(initial=0))


def image_figures(outcomes: list[Outcome], min_area_px2: float) -> dict[str, Any]:
    """Counts and rates of one group of outcomes; a rate without cases is None."""
    defective = [o for o in outcomes if o.kinds]
    good = [o for o in outcomes if not o.kinds]
    escapes = sum(not o.rejected(min_area_px2) for o in defective)
    false_rejects = sum(o.rejected(min_area_px2) for o in good)
    ious = [o.intersection_px2 / o.union_px2 for o in defective]
    return {
        "defective": len(defective),
        "escapes": escapes,
        "escape_rate": _rate(escapes, len(defective)),
        "escape_interval": interval(escapes, len(defective)),
        "good": len(good),
        "false_rejects": false_rejects,
        "false_reject_rate": _rate(false_rejects, len(good)),
        "false_reject_interval": interval(false_rejects, len(good)),
        "auroc": _auroc(outcomes),
        "miou": _round(float(np.mean(ious))) if ious else None,
        "oiou": _rate(
            sum(o.intersection_px2 for o in defective), sum(o.union_px2 for o in defective)
        ),
    }


def group_figures(outcomes: list[Outcome], min_area_px2: float) -> dict[str, Any]:
    """Figures of all outcomes ("all"), and of the defective parts of each kind."""
    kinds = sorted({kind for o in outcomes for kind in o.kinds})
    groups = {"all": outcomes} | {k: [o for o in outcomes if k in o.kinds] for k in kinds}
    return {name: image_figures(group, min_area_px2) for name, group in groups.items()}


def interval(count: int, total: int) -> tuple[float, float] | None:
    """Exact binomial 95 % interval of count / total (Clopper and Pearson 1934)."""
    if not total:
        return None
    low, high = proportion_confint(count, total, alpha=0.05, method="beta")
    return _round(float(low)), _round(float(high))


def _auroc(outcomes: list[Outcome]) -> float | None:
    """Share of (defective, good) pairs that the presence logit orders rightly; ties count half."""
    bad = np.array([o.presence for o in outcomes if o.kinds])
    good = np.array([o.presence for o in outcomes if not o.kinds])
    if not len(bad) or not len(good):
        return None
    above = (bad[:, None] > good[None]).mean() + 0.5 * (bad[:, None] == good[None]).mean()
    return _round(float(above))


def _rate(count: int, total: int) -> float | None:
    return _round(count / total) if total else None


def _round(value: float) -> float:
    return round(value, 4)
