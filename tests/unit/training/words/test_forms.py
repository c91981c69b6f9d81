"""Words about regions: true of what is meant, and never of what is open to debate."""

from __future__ import annotations

import numpy as np
import pytest

from inference.training.words.forms import (
    COUNTS,
    SIZES,
    ZONES,
    countable,
    empty_zones,
    in_zone,
    regions_of,
    true_forms,
)


def mask_of(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((100, 200), np.uint8)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = 255
    return mask


@pytest.mark.parametrize(
    ("box", "zones"),
    [
        ((10, 5, 20, 15), {"left", "top", "upper_left"}),
        ((180, 80, 190, 95), {"right", "bottom", "lower_right"}),
        ((95, 45, 105, 55), {"centre"}),
        ((10, 80, 30, 90), {"left", "bottom", "lower_left"}),
    ],
)
def test_zones_of_one_region(box: tuple[int, int, int, int], zones: set[str]) -> None:
    regions = regions_of(mask_of(box))
    assert set(true_forms(regions)) & set(ZONES) == zones
    assert not zones & set(empty_zones(mask_of(box)))


def test_a_region_near_the_limit_makes_the_zone_unsayable() -> None:
    regions = regions_of(mask_of((86, 10, 94, 18)))  # centre at 45 % of the width
    assert in_zone("left", regions.centres) is None
    assert "left" not in true_forms(regions)
    assert "left" not in empty_zones(mask_of((86, 10, 94, 18)))
    assert "top" in true_forms(regions)


def test_a_zone_means_its_regions_alone() -> None:
    mask = mask_of((10, 5, 20, 15), (180, 80, 190, 95))
    regions = regions_of(mask)
    chosen = regions.mask(true_forms(regions)["left"])
    assert chosen[10, 15] == 255
    assert not chosen[:, 100:].any()
    assert {"upper_right", "lower_left", "centre"} <= set(empty_zones(mask))


def test_sizes_are_said_only_without_doubt() -> None:
    regions = regions_of(mask_of((10, 5, 20, 15), (180, 80, 190, 91), (60, 60, 90, 90)))
    forms = true_forms(regions)
    assert regions.mask(forms["largest"])[70, 70] == 255
    assert forms["largest"].sum() == 1
    assert "smallest" not in forms, "100 and 110 pixels"
    assert forms["three"].all()


def test_specks_are_not_counted() -> None:
    regions = regions_of(mask_of((10, 5, 20, 15), (50, 50, 52, 52)))
    assert "one" in true_forms(regions)
    assert not regions.labels[51, 51]


def test_regions_are_counted_only_where_people_would_agree() -> None:
    mask = np.zeros((60, 80), np.uint8)
    mask[10:20, 10:20] = mask[10:20, 50:60] = 255
    assert countable(mask, regions_of(mask))
    mask[10:20, 23:26] = 255  # three pixels from the first: one broken scratch, or two?
    regions = regions_of(mask)
    assert not countable(mask, regions)
    assert not {*COUNTS.values(), *SIZES} & true_forms(regions, counted=False).keys()


def test_a_zone_is_empty_where_no_pixel_lies_in_it() -> None:
    mask = np.zeros((60, 80), np.uint8)
    mask[25:35, 30:78] = 255  # its centre is right of the middle, and it reaches over to the left
    zones = empty_zones(mask)
    assert {"left", "right", "centre"}.isdisjoint(zones)
    mask[:, :45] = 0
    assert "left" in empty_zones(mask)
