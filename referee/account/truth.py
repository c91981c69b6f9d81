"""Compares decisions with the truth, if the folder of the pictures knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from contracts.causes import Decision


class Judgement(NamedTuple):
    """The decision on a part, and where its picture came from."""

    decision: Decision
    source: str


class Errors(NamedTuple):
    """Counts over the parts that have a verdict and a known truth.

    Attributes:
        escapes: defective parts that were passed.
        false_rejects: good parts that were rejected.
    """

    defective: int
    escapes: int
    good: int
    false_rejects: int


def count_errors(
    judged: Iterable[Judgement], is_defective: Callable[[str], bool | None]
) -> Errors | None:
    """Count wrong decisions; return None if the truth of no part is known."""
    known = [
        (one.decision, truth)
        for one in judged
        if one.decision is not Decision.NO_VERDICT
        and (truth := is_defective(one.source)) is not None
    ]
    if not known:
        return None
    defective = [decision for decision, truth in known if truth]
    good = [decision for decision, truth in known if not truth]
    return Errors(
        defective=len(defective),
        escapes=defective.count(Decision.PASS),
        good=len(good),
        false_rejects=good.count(Decision.REJECT),
    )
