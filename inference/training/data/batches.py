"""Batches for training: crops at native scale, and whole parts.

A network trained on crops alone finds defects on every good part; one trained on whole parts alone
learns nothing at first, because small defects are too few pixels. So a run uses both, with more
whole parts as it goes on.
A batch is a function of the seed and the step, so a resumed run sees what an unbroken one sees.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from inference.imaging import SIZE_MULTIPLE
from inference.training.data import augment
from inference.training.data.dataset import Part, boundary
from inference.training.data.line_pool import SMALLEST_VISIBLE_PX2, LinePool
from inference.training.recipe import TrainingRecipe
from inference.training.words.captions import ANY_KIND, PLAIN, CaptionBank
from inference.training.words.forms import countable, empty_zones, regions_of, true_forms

LARGE_DEFECT_PX2 = 6000
ANY_KIND_SHARE = 0.3
WRONG_ZONE_SHARE = 0.15


class Batch(NamedTuple):
    """Attributes:
    image: (B, 3, H, W) uint8.
    target: (B, N, H / 2, W / 2) uint8, share of the cell that is defect, 0..255.
    caption: (B, N) int64, numbers in the caption bank; prompt 0 is universal, the last is false.
    """

    image: np.ndarray
    target: np.ndarray
    caption: np.ndarray


class BatchMaker:
    """``batch(step)`` for every step of a run."""

    def __init__(
        self, recipe: TrainingRecipe, parts: dict[str, list[Part]], bank: CaptionBank, rank: int = 0
    ) -> None:
        self.recipe = recipe
        self.bank = bank
        self.rank = rank
        self.pools = [
            LinePool(recipe.lines[line], parts[line], recipe.max_side_px) for line in recipe.lines
        ]
        weights = np.array([pool.recipe.weight for pool in self.pools])
        self.pool_shares = weights / weights.sum()

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        # A rank draws its own; the first draws what one alone does.
        rng = np.random.default_rng([self.recipe.seed, step, self.rank])
        if rng.random() < self.whole_share(step):
            parts, pools = self._whole_parts(rng)
        else:
            parts, pools = self._crops(rng)
        pairs = list(zip(parts, pools, strict=True))
        images = [augment.relight(part.image, pool.vary, rng) for part, pool in pairs]
        captions, targets = zip(*(self._prompts(*pair, rng) for pair in pairs), strict=True)
        return Batch(
            image=np.stack(images).transpose(0, 3, 1, 2),
            target=np.stack(targets),
            caption=np.array(captions, np.int64),
        )

    def whole_share(self, step: int) -> float:
        """Share of steps on whole parts, at a step."""
        shares = self.recipe.shares
        risen = min(1.0, step / shares.whole_by_step)
        return shares.whole_start + (shares.whole_end - shares.whole_start) * risen

    def _pool(self, rng: np.random.Generator) -> LinePool:
        return self.pools[int(rng.choice(len(self.pools), p=self.pool_shares))]

    def _crops(self, rng: np.random.Generator) -> tuple[list[Part], list[LinePool]]:
        pools = [self._pool(rng) for _ in range(self.recipe.crop_batch)]
        return [self._crop(pool, rng) for pool in pools], pools

    def _crop(self, pool: LinePool, rng: np.random.Generator) -> Part:
        shares = self.recipe.shares
        kinds = (shares.crop_real, shares.crop_synthetic, shares.crop_pasted)
        part, kind = pool.draw(rng.random(), kinds, None, rng)
        centre = _centre(part, kind, rng)
        cut = augment.crop(part, centre, self.recipe.crop_px, pool.vary, rng)
        if rng.random() < pool.recipe.paint_crops:
            cut, _ = pool.painted(cut, rng)
        cut.masks = {k: m for k, m in cut.masks.items() if (m > 0).sum() >= SMALLEST_VISIBLE_PX2}
        return cut

    def _whole_parts(self, rng: np.random.Generator) -> tuple[list[Part], list[LinePool]]:
        """Whole parts of one line and of about one size, padded to the largest of them."""
        pool, shares = self._pool(rng), self.recipe.shares
        size = pool.draw_size(rng)
        count = int(np.clip(self.recipe.whole_area_px2 // (size[0] * size[1]), 2, 24))
        kinds = (shares.whole_real, shares.whole_synthetic, shares.whole_pasted)
        # Spread over the shares, so that a small batch is never of one sort only.
        draws = rng.permutation((np.arange(count) + rng.random()) / count)
        parts = [pool.draw(draw, kinds, size, rng)[0] for draw in draws]
        parts = [augment.resize_whole(part, pool.vary, rng) for part in parts]
        parts = _within(parts, self.recipe.whole_area_px2)
        return _pad_together(parts, self.recipe.max_side_px), [pool] * len(parts)

    def _prompts(
        self, part: Part, pool: LinePool, rng: np.random.Generator
    ) -> tuple[list[int], np.ndarray]:
        """Return three captions and their targets: universal, one that is true, one that is not.

        On a good part nothing that names a defect is true, so the last two are both false.
        """
        nothing = np.zeros(part.image.shape[:2], np.uint8)
        captions, masks = [self.bank.draw_universal(rng)], [part.any_mask()]
        present = list(part.masks)
        if present:
            caption, mask = self._true_prompt(part, rng)
        else:
            caption, mask = self._false_prompt(part, pool, rng), nothing
        captions += [caption, self._false_prompt(part, pool, rng)]
        masks += [mask, nothing]
        return captions, np.stack([_halve(mask) for mask in masks])

    def _true_prompt(self, part: Part, rng: np.random.Generator) -> tuple[int, np.ndarray]:
        """Return a caption that names a kind on the part, and the mask of its target."""
        kind = str(rng.choice(list(part.masks)))
        if rng.random() < self.recipe.shares.plain_prompt:
            return self.bank.draw(kind, PLAIN, rng), part.masks[kind]
        asked = ANY_KIND if rng.random() < ANY_KIND_SHARE else kind
        meant = part.any_mask() if asked == ANY_KIND else part.masks[kind]
        regions = regions_of(meant)
        forms = true_forms(regions, countable(meant, regions))
        form = str(rng.choice(list(forms)))
        if form == PLAIN:
            return self.bank.draw(kind, PLAIN, rng), part.masks[kind]
        return self.bank.draw(asked, form, rng), regions.mask(forms[form])

    def _false_prompt(self, part: Part, pool: LinePool, rng: np.random.Generator) -> int:
        """Return a caption of a kind that is absent, or of one that is absent from its zone."""
        present = list(part.masks)
        if present and rng.random() < WRONG_ZONE_SHARE:
            kind = str(rng.choice(present))
            zones = empty_zones(part.masks[kind])
            if zones:
                return self.bank.draw(kind, str(rng.choice(zones)), rng)
        kind = self.bank.draw_absent(present, pool.kinds, rng)
        return self.bank.draw(kind, PLAIN, rng)


def _centre(part: Part, kind: str | None, rng: np.random.Generator) -> np.ndarray:
    """(x, y): on the defect, at the outline of a large one, else anywhere; with some jitter."""
    height, width = part.image.shape[:2]
    if kind is None or kind not in part.masks:
        return np.array([rng.uniform(0, width), rng.uniform(0, height)])
    mask = part.masks[kind]
    at = boundary(mask) if (mask > 0).sum() > LARGE_DEFECT_PX2 else mask > 0
    rows, columns = np.nonzero(at if at.any() else mask)
    chosen = rng.integers(len(rows))
    return np.array([columns[chosen], rows[chosen]]) + rng.uniform(-60, 60, 2)


def _halve(mask: np.ndarray) -> np.ndarray:
    """Mean over 2 x 2 pixels: the target at stride 2, uint8."""
    height, width = mask.shape
    return cv2.resize(mask, (width // 2, height // 2), interpolation=cv2.INTER_AREA)


def _within(parts: list[Part], area_px2: int) -> list[Part]:
    """The first of the parts, at least two, that padded together stay within an area."""
    for count in range(len(parts), 2, -1):
        heights, widths = zip(*(part.image.shape[:2] for part in parts[:count]), strict=True)
        if max(heights) * max(widths) * count <= area_px2:
            return parts[:count]
    return parts[:2]


def _pad_together(parts: list[Part], max_side_px: int) -> list[Part]:
    """All parts mirrored outwards to one size, cut at ``max_side_px``."""
    height = max(part.image.shape[0] for part in parts)
    width = max(part.image.shape[1] for part in parts)
    height, width = (min(max_side_px, side + -side % SIZE_MULTIPLE) for side in (height, width))

    def fit(array: np.ndarray) -> np.ndarray:
        array = array[:height, :width]
        return cv2.copyMakeBorder(
            array, 0, height - array.shape[0], 0, width - array.shape[1], cv2.BORDER_REFLECT_101
        )

    return [
        Part(p.line, p.name, fit(p.image), {k: fit(m) for k, m in p.masks.items()}) for p in parts
    ]
