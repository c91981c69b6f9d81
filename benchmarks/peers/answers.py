"""What a network answered for one picture: all that the comparison needs, and no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from inference.training.evaluation.figures import Outcome


class Answer(NamedTuple):
    """Under the universal prompt, at the shipped operating point.

    Attributes:
        picture: the file's name, under its kind's folder.
        rejected: the verdict.
    """

    line: str
    picture: str
    defective: bool
    iou: float
    intersection_px2: int
    union_px2: int
    rejected: bool

    @property
    def passed(self) -> bool:
        return not self.rejected


def answers_of(outcomes: Sequence[Outcome]) -> list[Answer]:
    return [
        Answer(
            line=outcome.line,
            picture="/".join(Path(outcome.name).parts[-2:]),
            defective=bool(outcome.kinds),
            iou=outcome.overlap.iou,
            intersection_px2=outcome.overlap.intersection_px2,
            union_px2=outcome.overlap.union_px2,
            rejected=outcome.rejected(),
        )
        for outcome in outcomes
    ]
