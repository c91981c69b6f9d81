"""One line's training parts: real, painted and pasted defects, and good parts, drawn by share."""

from __future__ import annotations

import numpy as np

from inference.training.data.dataset import Part, at_network_scale
from inference.training.data.drawn_boards import draw_board
from inference.training.data.paste import paste_defect
from inference.training.data.synthetic import add_defect
from inference.training.recipe import LineRecipe

SMALLEST_VISIBLE_PX2 = 12
DRAWN_HW = (288, 288)
SIZE_DRAWS = 8

SizeHW = tuple[int, int]


class LinePool:
    """One line's training parts, sorted by what is on them."""

    def __init__(self, recipe: LineRecipe, parts: list[Part], max_side_px: int) -> None:
        self.recipe = recipe
        self.vary = recipe.vary()
        # A defective part with nothing to see in its mask is neither an example nor a good part.
        parts = [at_network_scale(part, max_side_px) for part in parts if _usable(part)]
        self.line = parts[0].line if parts else ""
        self.parts = parts
        self.good = [part for part in parts if not part.masks]
        self.by_kind: dict[str, list[Part]] = {}
        for part in parts:
            for kind in part.masks:
                self.by_kind.setdefault(kind, []).append(part)
        weights = np.array([recipe.kinds.get(kind, 1.0) for kind in self.by_kind])
        self.kinds = list(self.by_kind)
        self.kind_shares = weights / max(weights.sum(), 1e-9)

    def draw(
        self,
        draw: float,
        shares: tuple[float, float, float],
        size: SizeHW | None,
        rng: np.random.Generator,
    ) -> tuple[Part, str | None]:
        """A part and the kind of its defect: real, painted or pasted by the shares, else good.

        With a size given, the part is the likest of several: whole parts of one batch are padded
        to the largest of them.
        """
        real, synthetic, pasted = np.cumsum(shares)
        if draw < real and self.kinds:
            return self._defect(size, rng)
        good = self._good(size, rng)
        if draw < synthetic:
            return self.painted(good, rng)
        if draw < pasted:
            return self._pasted(good, rng)
        return good, None

    def draw_size(self, rng: np.random.Generator) -> SizeHW:
        """The size of some part, good or not."""
        part = self.parts[rng.integers(len(self.parts))]
        return part.image.shape[:2]

    def painted(self, part: Part, rng: np.random.Generator) -> tuple[Part, str | None]:
        """The part with one or several painted defects, and the kind of the last."""
        if not self.recipe.synthetic:
            return part, None
        weights, kind = np.array(list(self.recipe.synthetic.values())), None
        for _ in range(rng.integers(1, self.recipe.most_painted + 1)):
            kind = str(rng.choice(list(self.recipe.synthetic), p=weights / weights.sum()))
            part = add_defect(part, kind, rng)
        return part, kind

    def _good(self, size: SizeHW | None, rng: np.random.Generator) -> Part:
        if rng.random() < self.recipe.drawn_boards:
            return draw_board(self.line, size or DRAWN_HW, rng)
        return _pick(self.good, size, rng)

    def _defect(self, size: SizeHW | None, rng: np.random.Generator) -> tuple[Part, str]:
        """Kinds are drawn evenly (or as the recipe weighs them), then a part of that kind."""
        kind = str(rng.choice(self.kinds, p=self.kind_shares))
        return _pick(self.by_kind[kind], size, rng), kind

    def _pasted(self, good: Part, rng: np.random.Generator) -> tuple[Part, str | None]:
        kinds = [kind for kind in self.recipe.paste if kind in self.by_kind]
        if not kinds:
            return self.painted(good, rng)
        kind = str(rng.choice(kinds))
        donor = _pick(self.by_kind[kind], None, rng)
        return paste_defect(good, donor, kind, rng), kind


def _pick(parts: list[Part], size: SizeHW | None, rng: np.random.Generator) -> Part:
    """Any of them; with a size given, of several drawn the one whose size is likest."""
    if size is None:
        return parts[rng.integers(len(parts))]
    drawn = [parts[index] for index in rng.integers(len(parts), size=SIZE_DRAWS)]
    return min(drawn, key=lambda part: _unlikeness(part.image.shape[:2], size))


def _usable(part: Part) -> bool:
    return not part.masks or int((part.any_mask() > 0).sum()) >= SMALLEST_VISIBLE_PX2


def _unlikeness(first_hw: SizeHW, second_hw: SizeHW) -> float:
    return abs(np.log(first_hw[0] / second_hw[0])) + abs(np.log(first_hw[1] / second_hw[1]))
