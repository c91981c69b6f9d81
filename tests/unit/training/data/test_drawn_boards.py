"""Boards drawn at random are good, in two tones, and a function of the generator alone."""

from __future__ import annotations

import numpy as np
import pytest

from inference.training.data.drawn_boards import draw_board
from inference.training.data.synthetic import add_defect

HW = (192, 256)


@pytest.mark.parametrize("seed", range(6))
def test_two_tones_and_nothing_wrong(seed: int) -> None:
    part = draw_board("board", HW, np.random.default_rng(seed))
    assert part.image.shape == (*HW, 3)
    assert part.image.dtype == np.uint8
    assert not part.masks
    assert set(np.unique(part.image)) == {0, 255}


def test_the_same_generator_draws_the_same_board_and_others_do_not() -> None:
    first, again, other = (draw_board("b", HW, np.random.default_rng(s)).image for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_there_is_room_for_every_kind_of_defect() -> None:
    kinds = ("open", "short", "mousebite", "spur", "spurious_copper", "pin_hole")
    boards = [draw_board("b", HW, np.random.default_rng(seed)) for seed in range(12)]
    for kind in kinds:
        painted = [add_defect(b, kind, np.random.default_rng(9)).masks for b in boards]
        assert sum(map(bool, painted)) >= len(boards) // 3, kind
