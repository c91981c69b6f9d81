"""No synthetic and no pasted defects, no drawn boards: real ones take their share of a batch."""

from __future__ import annotations

from benchmarks.peers.contenders.contender import Contender
from inference.training.recipe import TrainingRecipe


def without_synthetic(recipe: TrainingRecipe) -> TrainingRecipe:
    """As many defects as before, so that not the number of good parts is what is compared."""
    old = recipe.shares
    changed = {
        "crop_real": old.crop_real + old.crop_synthetic + old.crop_pasted,
        "whole_real": old.whole_real + old.whole_synthetic + old.whole_pasted,
        **dict.fromkeys(("crop_synthetic", "crop_pasted", "whole_synthetic", "whole_pasted"), 0.0),
    }
    unpainted = {"paint_crops": 0.0, "drawn_boards": 0.0}
    lines = {name: line.model_copy(update=unpainted) for name, line in recipe.lines.items()}
    return recipe.model_copy(update={"lines": lines, "shares": old.model_copy(update=changed)})


CONTENDER = Contender(
    "no_synthetic",
    "nothing painted, pasted or drawn: real parts in their place",
    recipe=without_synthetic,
)
