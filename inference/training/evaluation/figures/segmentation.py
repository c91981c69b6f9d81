"""How well words are segmented.

On samples with a target: mIoU is the mean of their IoUs, oIoU their pooled intersection over
their pooled union, Pr@x the share with IoU >= x. On all samples as GRES has it (Liu, Ding and
Jiang 2023, arXiv 2306.00968): a sample without a target counts 1 in gIoU if the answer is empty
and 0 if it is not; cIoU pools areas over all samples; N-acc is the share of samples without a
target that were answered with nothing, T-acc the share of those with one that were not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.training.evaluation.figures.masks import Overlap
from inference.training.evaluation.figures.numbers import mean, rate
from inference.training.evaluation.figures.outcomes import Outcome
from inference.training.referring.referring_set import AREA_BINS, area_bin

PRECISIONS = (0.5, 0.6, 0.7, 0.8, 0.9)


def targeted_figures(overlaps: Sequence[Overlap]) -> dict[str, Any]:
    """Of samples that have a target."""
    return {
        "miou": mean([o.iou for o in overlaps]),
        "oiou": pooled_iou(overlaps),
        "precision_at": {
            f"{least:g}": rate(sum(o.iou >= least for o in overlaps), len(overlaps))
            for least in PRECISIONS
        },
    }


def pooled_iou(overlaps: Sequence[Overlap]) -> float | None:
    """Summed intersections over summed unions."""
    return rate(sum(o.intersection_px2 for o in overlaps), sum(o.union_px2 for o in overlaps))


def gres_figures(overlaps: Sequence[Overlap]) -> dict[str, Any]:
    """Of all samples, with a target or without."""
    with_target = [o for o in overlaps if o.truth_px2]
    without = [o for o in overlaps if not o.truth_px2]
    return {
        "samples": len(overlaps),
        "no_target": len(without),
        "giou": mean([o.iou if o.truth_px2 else float(not o.mask_px2) for o in overlaps]),
        "ciou": pooled_iou(overlaps),
        "n_acc": nothing_rate(without),
        "t_acc": rate(sum(o.mask_px2 > 0 for o in with_target), len(with_target)),
    }


def nothing_rate(overlaps: Sequence[Overlap]) -> float | None:
    """Share answered with "nothing here"."""
    return rate(sum(not o.mask_px2 for o in overlaps), len(overlaps))


def tolerant_oiou(outcomes: Sequence[Outcome]) -> float | None:
    """Return the oIoU of defective parts with a tolerance of 2 px."""
    defective = [o for o in outcomes if o.kinds]
    return rate(sum(o.tolerant_px2 for o in defective), sum(o.overlap.union_px2 for o in defective))


def by_area(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Defective parts by how much of the picture is defect."""
    groups: dict[str, list[Outcome]] = {name: [] for name in AREA_BINS}
    for outcome in outcomes:
        if outcome.kinds:
            groups[area_bin(outcome.overlap.truth_px2, outcome.image_px2)].append(outcome)
    return {
        name: {
            "images": len(group),
            "escapes": sum(not o.rejected() for o in group),
            "miou": mean([o.overlap.iou for o in group]),
            "oiou": pooled_iou([o.overlap for o in group]),
        }
        for name, group in groups.items()
    }
