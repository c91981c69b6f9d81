"""All figures of one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.training.evaluation.figures.defects import blob_figures, region_figures
from inference.training.evaluation.figures.images import false_rejects_at, image_figures
from inference.training.evaluation.figures.language import (
    absent_figures,
    kind_figures,
    no_text_figures,
    paraphrase_figures,
    swapped_figures,
)
from inference.training.evaluation.figures.looks import Look
from inference.training.evaluation.figures.pixels import PixelTally
from inference.training.evaluation.figures.questions import Role
from inference.training.evaluation.figures.segmentation import (
    by_area,
    gres_figures,
    targeted_figures,
    tolerant_oiou,
)

GRES_ROLES = (Role.UNIVERSAL, Role.KIND, Role.ABSENT)


def line_figures(looks: Sequence[Look], tally: PixelTally | None) -> dict[str, Any]:
    """Of a line's pictures; a quick look has no tally, and no language figures but the absent."""
    outcomes = [look.outcome for look in looks]
    gres = [s.overlap for look in looks for s in look.samples if s.question.role in GRES_ROLES]
    figures = {
        "images": len(looks),
        **image_figures(outcomes),
        "false_rejects_at_escapes": false_rejects_at(outcomes),
        "precision_at": targeted_figures([o.overlap for o in outcomes if o.kinds])["precision_at"],
        "oiou_2px": tolerant_oiou(outcomes),
        "by_area": by_area(outcomes),
        **region_figures(outcomes),
        **blob_figures(outcomes),
        **gres_figures(gres),
        "kinds": {
            kind: kind_figures(looks, kind)
            for kind in sorted({kind for outcome in outcomes for kind in outcome.kinds})
        },
        "language": {"absent": absent_figures(looks), "swapped": swapped_figures(looks)},
    }
    if tally:
        figures["pixel"] = tally.figures()
        figures["language"]["paraphrases"] = paraphrase_figures(looks)
        figures["language"]["no_text"] = no_text_figures(looks)
    return figures
