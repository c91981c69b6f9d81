"""The operating point keeps the rate that it states, on parts like those that it came from."""

from __future__ import annotations

import numpy as np
import pytest

from inference.references.bank import build_bank
from inference.references.operating_point import calibrate, conformal, operating_point, score

from .conftest import MakePart


def test_a_score_is_the_mean_of_the_largest_hundredth() -> None:
    distances = np.arange(1000, dtype=np.float32).reshape(20, 50)
    assert score(distances) == pytest.approx(np.mean(np.arange(990, 1000)))
    assert score(np.array([[1.0, 3.0]])) == 3.0


def test_the_limit_is_the_rank_that_states_the_rate() -> None:
    scores = list(range(19, 0, -1))
    assert conformal(scores) == (19, pytest.approx(0.05))
    assert conformal(scores, 0.05) == (19, pytest.approx(0.05))
    assert conformal(scores, 0.10) == (18, pytest.approx(0.10))
    assert conformal(scores, 0.5) == (10, pytest.approx(0.5))


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3])
def test_new_scores_exceed_the_limit_at_most_so_often(rate: float) -> None:
    """Exactly as often as stated, for scores of any continuous distribution."""
    rng, above = np.random.default_rng(0), 0
    for _ in range(4000):
        drawn = rng.exponential(size=20)
        limit, stated = conformal(drawn[:19].tolist(), rate)
        above += drawn[19] > limit
    assert above / 4000 == pytest.approx(stated, abs=0.02)
    assert stated <= rate + 1e-9


def test_too_few_parts_for_a_rate_say_how_many_are_needed() -> None:
    with pytest.raises(ValueError, match=r"10 good parts cannot state a rate of 0\.02: 49 can"):
        conformal([0.0] * 10, 0.02)
    with pytest.raises(ValueError, match="between 0 and 1"):
        conformal([0.0] * 10, 0.0)


def test_a_rejected_part_shows_where() -> None:
    maps = [np.full((10, 10), 5.0), np.full((10, 10), 1.0)]
    point = operating_point([2.0, 1.0], maps)
    assert point.position_limit <= point.limit


def test_bad_parts_are_above_and_good_ones_below(make_part: MakePart) -> None:
    good = [make_part() for _ in range(12)]
    bank = build_bank(good)
    point = calibrate(bank, good, rate=1 / 13)
    assert all(score(bank.distances(make_part(bad=True))) > point.limit for _ in range(5))
    accepted = [score(bank.distances(make_part())) <= point.limit for _ in range(20)]
    assert sum(accepted) >= 15


def test_parts_of_another_bank_are_refused(make_part: MakePart) -> None:
    good = [make_part() for _ in range(3)]
    with pytest.raises(ValueError, match="built of 3 good parts, here are 2"):
        calibrate(build_bank(good), good[:2])
