"""Painted board defects do to the copper what their names say, counted in pieces of copper."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inference.training.data.board_defects import copper_of
from inference.training.data.dataset import Part
from inference.training.data.synthetic import add_defect

SEEDS = range(12)


def board() -> Part:
    """Three traces between two bars, which touch nothing, and a wide pad."""
    image = np.full((200, 240, 3), 255, np.uint8)
    for top in (30, 60, 90):
        image[top : top + 8, 20:220] = 0
    image[120:180, 40:200] = 0
    return Part("board", "b", image)


def pieces(tone: np.ndarray) -> int:
    return cv2.connectedComponents(tone, connectivity=4)[0] - 1


@pytest.mark.parametrize(
    ("kind", "copper_pieces", "bare_pieces"),
    [
        ("open", 1, 0),
        ("short", -1, None),
        ("mousebite", 0, 0),
        ("spur", 0, 0),
        ("spurious_copper", 1, 0),
        ("pin_hole", 0, 1),
    ],
)
def test_pieces_of_copper(kind: str, copper_pieces: int, bare_pieces: int | None) -> None:
    part, painted = board(), 0
    copper = copper_of(part.image)
    for seed in SEEDS:
        after = add_defect(part, kind, np.random.default_rng(seed))
        if not after.masks:
            continue
        painted += 1
        changed = copper_of(after.image)
        assert np.array_equal(changed != copper, after.masks[kind] > 0)
        assert pieces(changed) - pieces(copper) == copper_pieces
        if bare_pieces is not None:
            assert pieces(1 - changed) - pieces(1 - copper) == bare_pieces
    assert painted >= len(SEEDS) // 2


def test_a_board_without_copper_stays_as_it_is() -> None:
    bare = Part("board", "b", np.full((64, 64, 3), 255, np.uint8))
    for kind in ("open", "short", "mousebite", "spur", "pin_hole"):
        assert not add_defect(bare, kind, np.random.default_rng(0)).masks
