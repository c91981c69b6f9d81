"""Escapes and false rejects are counted over parts with a verdict and a known truth."""

from contracts.causes import Decision
from referee.account.truth import Errors, Judgement, count_errors

TRUTH = {"a": True, "b": True, "c": False, "d": False}


def test_counts_escapes_and_false_rejects() -> None:
    judged = [
        Judgement(Decision.PASS, "a"),
        Judgement(Decision.REJECT, "b"),
        Judgement(Decision.PASS, "c"),
        Judgement(Decision.REJECT, "d"),
    ]
    assert count_errors(judged, TRUTH.get) == Errors(2, 1, 2, 1)


def test_parts_without_verdict_or_truth_are_not_counted() -> None:
    judged = [Judgement(Decision.NO_VERDICT, "a"), Judgement(Decision.REJECT, "unknown")]
    assert count_errors(judged, TRUTH.get) is None
