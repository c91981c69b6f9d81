"""Parts called right and wrong: escapes are defective parts that passed, false rejects good ones
that did not; intervals are exact binomial, 95 %."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.training.evaluation.figures.numbers import interval, mean, rate, rounded
from inference.training.evaluation.figures.outcomes import Outcome

ESCAPE_RATES = {"0_percent": 0.0, "1_percent": 0.01, "2_percent": 0.02}


def image_figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts and rates of one group of outcomes, and the IoUs of its defective parts."""
    defective = [o for o in outcomes if o.kinds]
    good = [o for o in outcomes if not o.kinds]
    escapes = sum(not o.rejected() for o in defective)
    false_rejects = sum(o.rejected() for o in good)
    return {
        "defective": len(defective),
        "escapes": escapes,
        "escape_rate": rate(escapes, len(defective)),
        "escape_interval": interval(escapes, len(defective)),
        "good": len(good),
        "false_rejects": false_rejects,
        "false_reject_rate": rate(false_rejects, len(good)),
        "false_reject_interval": interval(false_rejects, len(good)),
        "auroc": auroc([o.score for o in defective], [o.score for o in good]),
        "miou": mean([o.overlap.iou for o in defective]),
        "oiou": rate(
            sum(o.overlap.intersection_px2 for o in defective),
            sum(o.overlap.union_px2 for o in defective),
        ),
    }


def false_rejects_at(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the share of good parts rejected if the threshold let a given share escape."""
    defective = sorted(o.score for o in outcomes if o.kinds)
    good = [o.score for o in outcomes if not o.kinds]
    if not defective:
        return dict.fromkeys(ESCAPE_RATES)
    return {
        name: rate(
            sum(score >= defective[_allowed(share, len(defective))] for score in good), len(good)
        )
        for name, share in ESCAPE_RATES.items()
    }


def _allowed(share: float, count: int) -> int:
    """Return how many of ``count`` parts may escape."""
    return math.floor(share * count + 1e-9)


def auroc(bad: Sequence[float], good: Sequence[float]) -> float | None:
    """Share of (defective, good) pairs that the score orders rightly; ties count half."""
    if not len(bad) or not len(good):
        return None
    high, low = np.array(bad)[:, None], np.array(good)[None]
    return rounded((high > low).mean() + 0.5 * (high == low).mean())
