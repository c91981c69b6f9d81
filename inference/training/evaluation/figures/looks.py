"""All questions about one picture, answered in one pass and compared with the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.training.data.dataset import Entry, Part
from inference.training.evaluation.engines import Engine
from inference.training.evaluation.figures.masks import Overlap, final_mask
from inference.training.evaluation.figures.outcomes import Outcome, outcome_of
from inference.training.evaluation.figures.pixels import PixelTally
from inference.training.evaluation.figures.questions import Question, Role


@dataclass(frozen=True)
class Sample:
    """The answer to one question.

    Attributes:
        overlap: with what the words refer to in truth; for words without a target, nothing.
        others: with the truth of the kinds that the words do not name.
        same: with the mask of the usual words, for a paraphrase.
        by_kind: IoU with the truth of each kind on the part, for an absent kind's prompt.
    """

    question: Question
    overlap: Overlap
    others: Overlap | None = None
    same: Overlap | None = None
    by_kind: tuple[float, ...] = ()


@dataclass(frozen=True)
class Look:
    """One picture."""

    outcome: Outcome
    samples: tuple[Sample, ...]

    def of(self, role: Role) -> list[Sample]:
        return [sample for sample in self.samples if sample.question.role == role]


def look(
    engine: Engine, entry: Entry, part: Part, asked: list[Question], tally: PixelTally | None
) -> Look:
    """Ask everything at once: the picture is encoded once. ``asked[0]`` is the universal prompt;
    its margins go into the tally, if there is one."""
    answer = engine.ask(part.image, [question.words for question in asked])
    presence = answer.presence.tolist()
    outcome = outcome_of(part, answer.margin[0], presence[0], entry.regions)
    if tally:
        tally.add(answer.margin[0], part.any_mask() > 0, outcome.overlap)
    masks = {
        question: final_mask(margin, sure)
        for question, margin, sure in zip(asked, answer.margin, presence, strict=True)
    }
    return Look(outcome, tuple(_sample(question, masks, part) for question in asked))


def _sample(question: Question, masks: dict[Question, np.ndarray], part: Part) -> Sample:
    mask, everything = masks[question], part.any_mask() > 0
    if question.role == Role.ABSENT:
        ious = (Overlap.of(mask, part.masks[kind] > 0).iou for kind in sorted(part.masks))
        nothing = Overlap.of(mask, np.zeros_like(mask))
        return Sample(question, nothing, by_kind=tuple(ious))
    target = part.masks[question.kind] > 0 if question.kind else everything
    return Sample(
        question,
        Overlap.of(mask, target),
        others=Overlap.of(mask, everything & ~target) if question.kind else None,
        same=Overlap.of(mask, _usual(question, masks))
        if question.role == Role.PARAPHRASE
        else None,
    )


def _usual(question: Question, masks: dict[Question, np.ndarray]) -> np.ndarray:
    """The mask of the words that a paraphrase stands for."""
    role = Role.KIND if question.kind else Role.UNIVERSAL
    return next(m for q, m in masks.items() if q.role == role and q.kind == question.kind)
