"""Distances to a bank: against a plain loop, a part left out, and what they find."""

from __future__ import annotations

import numpy as np
import pytest

from inference.references.bank import FARTHEST, Bank, Level, build_bank

from .conftest import SIDES, MakePart


def test_distances_are_those_of_a_plain_loop(make_part: MakePart) -> None:
    level = build_bank([make_part() for _ in range(3)], per_level=20).levels[1]
    features = make_part(bad=True)[1]
    expected = np.empty(features.shape[:2])
    for y, x in np.ndindex(*expected.shape):
        z = features[y, x].astype(float)
        likeness = [z @ r / np.linalg.norm(z) / np.linalg.norm(r) for r in level.references]
        expected[y, x] = (1 - max(likeness)) / level.typical
    np.testing.assert_allclose(level.distances(features), expected, rtol=1e-3, atol=1e-3)


def test_a_bad_corner_is_far_and_the_rest_is_near(make_part: MakePart) -> None:
    bank = build_bank([make_part() for _ in range(6)])
    distances = bank.distances(make_part(bad=True))
    assert distances.shape == (SIDES[0], SIDES[0])
    corner = SIDES[0] // 4 - 1
    assert distances[:corner, :corner].min() > 5 * np.median(distances)


def test_typical_distances_of_good_parts_are_about_one_a_level(make_part: MakePart) -> None:
    good = [make_part() for _ in range(6)]
    bank = build_bank(good)
    for index, level in enumerate(bank.levels):
        among = [level.distances(maps[index], number) for number, maps in enumerate(good)]
        assert np.median(among) == pytest.approx(1.0, abs=0.05)


def test_a_part_left_out_does_not_vouch_for_itself(make_part: MakePart) -> None:
    odd = make_part(bad=True)
    bank = build_bank([make_part(), make_part(), odd])
    with_itself, without = bank.distances(odd), bank.distances(odd, left_out=2)
    assert without.max() > 3 * with_itself.max()


def test_the_bank_is_bounded(make_part: MakePart) -> None:
    bank = build_bank([make_part() for _ in range(6)], per_level=30)
    assert [level.references.shape[0] for level in bank.levels] == [30, 30]


def test_a_level_without_references_is_as_far_as_can_be() -> None:
    level = Level(np.ones((1, 4), np.float32), np.zeros(1, np.int32), typical=0.5)
    alone = Bank((level,), 1).distances([np.ones((2, 2, 4), np.float32)], left_out=0)
    assert alone.tolist() == [[FARTHEST / 0.5] * 2] * 2


def test_one_good_part_is_too_few(make_part: MakePart) -> None:
    with pytest.raises(ValueError, match="at least two good parts"):
        build_bank([make_part()])


def test_a_part_of_another_network_is_refused(make_part: MakePart) -> None:
    bank = build_bank([make_part(), make_part()])
    with pytest.raises(ValueError):
        bank.distances(make_part()[:1])
