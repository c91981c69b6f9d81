"""The comparison of engines: what is the same, what differs, and what is missing."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from benchmarks.engines.answer_agreement import Answer, agreement
from benchmarks.engines.engine import both
from benchmarks.engines.engine_page import document
from benchmarks.engines.engine_timing import CASES, Case, Taken, Timed
from referee.line.servers.served_network import served_network


def answer(presence: float, shift: float = 0.0) -> Answer:
    """One picture, one prompt: half of the 4 x 4 margin is above 0."""
    margin = np.full((1, 1, 4, 4), -1.0, np.float32)
    margin[..., :2] = 1.0
    return Answer(margin + np.float32(shift), np.array([[presence]], np.float32))


def test_equal_answers_agree() -> None:
    found = agreement([(answer(1.0), answer(1.0)), (answer(-1.0), answer(-1.0))])
    assert (found.answers, found.with_masks, found.called_otherwise) == (2, 1, 0)
    assert (found.least_iou, found.mean_iou, found.margin, found.presence) == (1, 1, 0, 0)


def test_what_differs_is_told() -> None:
    other = answer(0.5)
    other.margin[0, 0, 0, 0] = -0.25  # one of eight pixels
    found = agreement([(answer(1.0), other), (answer(0.25), answer(-0.25))])
    assert found.called_otherwise == 1
    assert (found.least_iou, found.mean_iou) == (0.0, pytest.approx((7 / 8 + 0) / 2))
    assert (found.margin, found.presence) == (1.25, 0.5)
    assert agreement([(answer(-1.0), answer(-1.0))]).cells()[3:5] == ["–", "–"]


def test_the_page_has_a_row_a_case_and_their_ratio() -> None:
    timed = {
        case: {
            "one": Timed(Taken.of([10.0, 10.0, 12.0]), Taken.of([20.0])),
            "two": Timed(Taken.of([5.0]), Taken.of([30.0])),
        }
        for case in CASES
    }
    text = document("command", "digest", timed, {512: agreement([(answer(1.0), answer(1.0))])})
    assert "| 1 | 1 | 1 | 512 | 10.0 (10.0, 1.0) | 20.0 (20.0, 0.0) |" in text
    assert text.count("| 0.50 | 1.50 |") == len(CASES) == 12
    assert Case(2, batch=4) in CASES
    assert "| 512 px | 1 | 1 | 0 | 1.00000 |" in text


def test_a_missing_openvino_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    fake = ModuleType("network")
    fake.Network = lambda *_: None  # type: ignore[attr-defined]  # no session for this
    monkeypatch.setitem(sys.modules, "network", fake)
    with pytest.raises(SystemExit, match="pip install openvino"):
        both(served_network(), threads=1)
