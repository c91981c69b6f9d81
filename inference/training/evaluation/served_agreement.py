"""Whether two engines give the same masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.training.data.labelled_lines import LabelledLine
from inference.training.evaluation.engines import Engine, Prediction
from inference.training.evaluation.figures.masks import Overlap, final_mask
from inference.training.evaluation.figures.numbers import rounded
from inference.training.evaluation.figures.questions import Questioner
from inference.training.evaluation.labelled_figures import Progress
from inference.training.words.grammar_file import read_grammar

LEAST_AGREEMENT = 0.995


def agreement(
    first: Engine,
    second: Engine,
    lines: Sequence[LabelledLine],
    progress: Progress = lambda: None,
) -> dict[str, Any]:
    """Return the least and the median IoU of two engines' masks over the pictures.

    A picture's masks are those of the universal prompt, of the kinds that are there and of some
    that are not, taken together. The IoU is 1 if both engines find nothing."""
    ious = []
    for line in lines:
        questioner = Questioner(line.kinds, read_grammar(), None, silence=False)
        for number, (_, part) in enumerate(line.parts()):
            asked = questioner.questions(sorted(part.masks), number)
            words = [question.words for question in asked]
            masks = [_masks(engine.ask(part.image, words)) for engine in (first, second)]
            ious.append(Overlap.of(*masks).iou)
            progress()
    least, median = rounded(min(ious)), rounded(float(np.median(ious)))
    return {
        "engines": [first.version, second.version],
        "images": len(ious),
        "least_iou": least,
        "median_iou": median,
        "agree": least >= LEAST_AGREEMENT,
    }


def _masks(answer: Prediction) -> np.ndarray:
    """(N, H, W) bool."""
    pairs = zip(answer.margin, answer.presence.tolist(), strict=True)
    return np.stack([final_mask(margin, presence) for margin, presence in pairs])
