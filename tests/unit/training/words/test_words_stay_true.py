"""Cropping, turning, sizing and mirroring never make a word untrue.

Each picture is a list of rectangles of one kind, each painted in its own grey level, so that where
a defect went is read off the augmented picture itself: neither regions nor zones of the code under
test are used to say what is true.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.training.data.augment import Variation, crop, resize_whole
from inference.training.data.dataset import Part
from inference.training.referring.expressions import Form, Scene, draw
from inference.training.words.captions import ANY_KIND
from inference.training.words.forms import countable, empty_zones, regions_of, true_forms
from inference.training.words.grammar_file import read_grammar

HEIGHT, WIDTH, CROP_PX = 96, 128, 64
BACKGROUND = 40
LEVELS = (110, 160, 210, 255)
KINDS = ("crack", "spot")
MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
GRAMMAR = read_grammar()

ZONE_SIDES = {
    "left": "x<",
    "right": "x>",
    "top": "y<",
    "bottom": "y>",
    "upper_left": "x< y<",
    "upper_right": "x> y<",
    "lower_left": "x< y>",
    "lower_right": "x> y>",
}


class Defect(NamedTuple):
    """Where a defect is in the augmented picture, 0..1, and its pixels."""

    kind: str
    x: float
    y: float
    pixels: np.ndarray


@st.composite
def parts(draw_: st.DrawFn) -> Part:
    """One to four rectangles, each in a cell of its own: they never touch."""
    image = np.full((HEIGHT, WIDTH, 3), BACKGROUND, np.uint8)
    masks: dict[str, np.ndarray] = {}
    cells = draw_(st.permutations(range(12)))[: draw_(st.integers(1, len(LEVELS)))]
    for level, cell in zip(LEVELS, cells, strict=False):
        height, width = draw_(st.integers(6, 22)), draw_(st.integers(6, 22))
        top, left = (cell // 4) * 32 + draw_(st.integers(3, 7)), (cell % 4) * 32 + 4
        kind = draw_(st.sampled_from(KINDS))
        mask = masks.setdefault(kind, np.zeros((HEIGHT, WIDTH), np.uint8))
        mask[top : top + height, left : left + width] = 255
        image[top : top + height, left : left + width] = level
    return Part("line", "drawn", image, masks)


def augmented(part: Part, seed: int, whole: bool) -> Part:
    rng = np.random.default_rng(seed)
    if whole:
        return resize_whole(part, Variation(), rng)
    centre = rng.uniform((0, 0), (WIDTH, HEIGHT))
    return crop(part, centre, CROP_PX, Variation(quarter_turns=0.5), rng)


def seen(part: Part) -> list[Defect]:
    """Defects of the augmented picture by their grey levels, the picture being the witness."""
    grey = part.image[:, :, 0].astype(int)
    defects = []
    for kind, mask in part.masks.items():
        for pixels in islands(mask > 0):
            rows, columns = np.nonzero(pixels)
            assert grey[pixels].mean() > BACKGROUND + 15, "a mask where the picture shows nothing"
            height, width = mask.shape
            x, y = (columns.mean() + 0.5) / width, (rows.mean() + 0.5) / height
            defects.append(Defect(kind, x, y, pixels))
    return defects


def islands(marked: np.ndarray) -> list[np.ndarray]:
    """Connected regions, by flooding; those too small for words are left out."""
    left, found = marked.copy(), []
    while left.any():
        island, front = np.zeros_like(left), [tuple(np.argwhere(left)[0])]
        while front:
            row, column = front.pop()
            if not left[row, column]:
                continue
            left[row, column], island[row, column] = False, True
            front += [
                (r, c)
                for r in range(max(row - 1, 0), min(row + 2, left.shape[0]))
                for c in range(max(column - 1, 0), min(column + 2, left.shape[1]))
                if left[r, c]
            ]
        if island.sum() >= 12:
            found.append(island)
    return found


def lies_in(zone: str, x: np.ndarray | float, y: np.ndarray | float, limit: float) -> np.ndarray:
    """Whether points (0..1) are nearer to a zone's sides than ``limit``."""
    if zone == "centre":
        return np.maximum(np.abs(np.subtract(x, 0.5)), np.abs(np.subtract(y, 0.5))) < limit / 2
    at = {"x": np.asarray(x), "y": np.asarray(y)}
    sides = [
        at[side[0]] < limit if side[1] == "<" else at[side[0]] > 1 - limit
        for side in ZONE_SIDES[zone].split()
    ]
    return np.logical_and.reduce(sides)


def check_meant(form: str, meant: np.ndarray, defects: list[Defect]) -> None:
    """What an expression in a form means is what a person would point at."""
    chosen = [d for d in defects if meant[d.pixels].all()]
    others = [d for d in defects if not meant[d.pixels].any()]
    assert len(chosen) + len(others) == len(defects), "a defect is meant in part"
    assert chosen, f"{form} was said of nothing"
    assert meant.sum() == sum(d.pixels.sum() for d in chosen), "more is meant than there is"
    areas = [int(d.pixels.sum()) for d in defects]
    if form == "largest":
        assert [int(d.pixels.sum()) for d in chosen] == [max(areas)]
    elif form == "smallest":
        assert [int(d.pixels.sum()) for d in chosen] == [min(areas)]
    elif form in ("one", "two", "three"):
        assert len(defects) == len(chosen) == {"one": 1, "two": 2, "three": 3}[form]
    elif form == "plain":
        assert not others
    else:
        assert all(lies_in(form, d.x, d.y, 0.42) for d in chosen), form
        assert not any(lies_in(form, d.x, d.y, 0.4) for d in others), form


@MANY
@given(part=parts(), seed=st.integers(0, 2**32 - 1), whole=st.booleans())
def test_forms_are_true_of_the_augmented_picture(part: Part, seed: int, whole: bool) -> None:
    after = augmented(part, seed, whole)
    defects = seen(after)
    for kind, mask in after.masks.items():
        regions = regions_of(mask)
        here = [defect for defect in defects if defect.kind == kind]
        assert len(here) == len(regions.areas_px2)
        if not here:
            continue
        for form, chosen in true_forms(regions, countable(mask, regions)).items():
            check_meant(form, regions.mask(chosen) > 0, here)
        for zone in empty_zones(mask):
            assert not any(lies_in(zone, d.x, d.y, 0.48) for d in here), zone


@MANY
@given(part=parts(), seed=st.integers(0, 2**32 - 1), whole=st.booleans())
def test_nothing_is_said_of_what_was_cut_off(part: Part, seed: int, whole: bool) -> None:
    """Every expression drawn of an augmented picture is true of what it shows, and of it alone."""
    after = augmented(part, seed, whole)
    defects = seen(after)
    present = frozenset(after.masks)
    scene = Scene(after, present, frozenset(KINDS))
    for said in draw(scene, GRAMMAR, 40, np.random.default_rng(seed)):
        here = [d for d in defects if said.kind in (d.kind, ANY_KIND)]
        if said.target is None:
            check_absent(said.kind, said.narrowed_by, after)
            continue
        assert said.kind in (*present, ANY_KIND)
        if said.form is Form.UNIVERSAL:
            assert np.array_equal(said.target(), after.any_mask())
        elif said.narrowed_by:
            check_meant(said.narrowed_by, said.target() > 0, here)


def check_absent(kind: str, zone: str | None, after: Part) -> None:
    """Not one pixel of it is there: anywhere, or in the zone."""
    mask = after.any_mask() if kind == ANY_KIND else after.masks.get(kind)
    if mask is None or zone is None:
        assert mask is None or not mask.any()
        return
    rows, columns = np.nonzero(mask)
    x, y = (columns + 0.5) / mask.shape[1], (rows + 0.5) / mask.shape[0]
    assert not lies_in(zone, x, y, 0.5).any(), zone
