"""Whether the words matter: kinds that are not there, other words for the same, no words at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.training.evaluation.figures.looks import Look, Sample
from inference.training.evaluation.figures.numbers import mean, rate
from inference.training.evaluation.figures.questions import Role
from inference.training.evaluation.figures.segmentation import (
    gres_figures,
    nothing_rate,
    targeted_figures,
)


def absent_figures(looks: Sequence[Look]) -> dict[str, Any]:
    """Prompts that name a kind which is not on the part: "nothing here" is right."""
    defective = [s.overlap for look in looks if look.outcome.kinds for s in look.of(Role.ABSENT)]
    good = [s.overlap for look in looks if not look.outcome.kinds for s in look.of(Role.ABSENT)]
    return {
        "samples": len(defective) + len(good),
        "n_acc": nothing_rate([*defective, *good]),
        "defective": {"samples": len(defective), "n_acc": nothing_rate(defective)},
        "good": {"samples": len(good), "n_acc": nothing_rate(good)},
    }


def paraphrase_figures(looks: Sequence[Look]) -> dict[str, Any]:
    """IoU of a paraphrase's mask with the usual words' mask; two empty ones agree, and are counted.

    ``miou`` and ``t_acc`` are against the truth.
    """
    samples = [sample for look in looks for sample in look.of(Role.PARAPHRASE)]
    of_kind = [sample for sample in samples if sample.question.kind]
    return {
        **_paraphrased(samples),
        "universal": _paraphrased([sample for sample in samples if not sample.question.kind]),
        "kinds": _paraphrased(of_kind),
        "by_kind": {
            kind: _paraphrased([sample for sample in of_kind if sample.question.kind == kind])
            for kind in sorted({str(sample.question.kind) for sample in of_kind})
        },
    }


def _paraphrased(samples: Sequence[Sample]) -> dict[str, Any]:
    same = [sample.same for sample in samples if sample.same is not None]
    either = [overlap for overlap in same if overlap.union_px2]
    return {
        "samples": len(samples),
        "iou_to_original": mean([overlap.iou for overlap in same]),
        "both_empty": len(same) - len(either),
        "iou_to_original_where_either_answers": mean([overlap.iou for overlap in either]),
        "miou": mean([sample.overlap.iou for sample in samples]),
    }


def swapped_figures(looks: Sequence[Look]) -> dict[str, Any]:
    """Defective parts asked for a kind that they have not: IoU with what they have. ``right_miou``
    is that of the same parts asked for what they have; the further apart, the more words count."""
    swapped: list[float] = []
    right: list[float] = []
    for look in looks:
        wrong = look.of(Role.ABSENT)
        if look.outcome.kinds and wrong:
            swapped += wrong[0].by_kind
            right += [sample.overlap.iou for sample in look.of(Role.KIND)]
    return {"samples": len(swapped), "miou": mean(swapped), "right_miou": mean(right)}


def no_text_figures(looks: Sequence[Look]) -> dict[str, Any] | None:
    """Compare the answer to no text with everything on the part; None if it was not asked."""
    samples = [sample for look in looks for sample in look.of(Role.NO_TEXT)]
    if not samples:
        return None
    figures = gres_figures([sample.overlap for sample in samples])
    defective = [sample.overlap for sample in samples if sample.overlap.truth_px2]
    return {"miou": targeted_figures(defective)["miou"], **figures}


def kind_figures(looks: Sequence[Look], kind: str) -> dict[str, Any]:
    """Prompts that name a kind which is there; its own mask alone is the target.

    ``leak`` is the share of the other kinds' pixels that the mask covers, of parts that have some;
    ``universal``: the same parts under the universal prompt, compared with all their defects.
    """
    having = [look for look in looks if kind in look.outcome.kinds]
    samples = [s for look in having for s in look.of(Role.KIND) if s.question.kind == kind]
    others = [s.others for s in samples if s.others is not None and s.others.truth_px2]
    outcomes = [look.outcome for look in having]
    return {
        "images": len(having),
        **targeted_figures([sample.overlap for sample in samples]),
        "t_acc": rate(sum(sample.overlap.mask_px2 > 0 for sample in samples), len(samples)),
        "leak": rate(sum(o.intersection_px2 for o in others), sum(o.truth_px2 for o in others)),
        "leak_images": len(others),
        "universal": {
            "defective": len(outcomes),
            "escapes": sum(not outcome.rejected() for outcome in outcomes),
            "miou": mean([outcome.overlap.iou for outcome in outcomes]),
        },
    }
