"""Simulated parts: same seed, same pixels; the truth agrees with the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.picture_folder import GOOD
from simulation.plates.defects import KINDS, LARGEST_SHARE, SMALLEST_SHARE, VISIBLE, draw_defect
from simulation.plates.render import render
from simulation.plates.surface import draw_plate


def test_same_seed_and_index_give_the_same_pixels() -> None:
    one, two = (render(11, 3, 192, 160, 0.5) for _ in range(2))
    assert np.array_equal(one.image, two.image)
    assert np.array_equal(one.mask, two.mask)
    assert one.kind == two.kind


@pytest.mark.parametrize(("seed", "index"), [(11, 4), (12, 3)])
def test_another_seed_or_index_gives_another_part(seed: int, index: int) -> None:
    assert not np.array_equal(render(11, 3, 96, 96, 0).image, render(seed, index, 96, 96, 0).image)


def test_image_and_mask_have_the_size_asked_for() -> None:
    part = render(1, 0, 320, 200, 1.0)
    assert part.image.shape == (200, 320, 3)
    assert part.image.dtype == np.uint8
    assert part.mask.shape == (200, 320)
    assert part.mask.dtype == bool


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(-(2**31), 2**31), index=st.integers(0, 10**6))
def test_only_a_defective_part_has_a_mask_of_a_size_within_bounds(seed: int, index: int) -> None:
    part = render(seed, index, 128, 128, 0.7)
    assert part.mask.any() == (part.kind != GOOD)
    if part.kind != GOOD:
        assert SMALLEST_SHARE <= part.mask.mean() <= LARGEST_SHARE


def test_the_share_of_defects_is_respected() -> None:
    kinds = [render(5, index, 64, 64, 0.3).kind for index in range(400)]
    assert kinds.count(GOOD) / len(kinds) == pytest.approx(0.7, abs=0.08)
    assert set(kinds) == {GOOD, *KINDS}


@pytest.mark.parametrize(("share", "good"), [(0.0, True), (1.0, False)])
def test_no_share_is_no_defect_and_a_whole_share_is_nothing_else(share: float, good: bool) -> None:
    assert all((render(2, i, 64, 64, share).kind == GOOD) is good for i in range(40))


@pytest.mark.parametrize("kind", KINDS)
def test_a_defect_is_on_the_plate_and_not_on_the_belt_or_in_a_bore(kind: str) -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        plate = draw_plate(rng, 128, 128)
        _, mask = draw_defect(rng, plate, kind)
        assert plate.body[mask].min() >= VISIBLE


def test_a_defect_stands_out_from_the_same_plate_without_it() -> None:
    """Inside the mask the picture differs clearly from its surroundings, by kind on average."""
    steps: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for index in range(120):
        part = render(9, index, 192, 192, 1.0)
        grey = part.image.mean(axis=2)
        plate = (grey > 90) & ~part.mask
        steps[part.kind].append(float(np.abs(grey[part.mask] - np.median(grey[plate])).mean()))
    assert {kind for kind, found in steps.items() if np.mean(found) < 12} == set()
