"""What every contender is trained and measured on, read once."""

from __future__ import annotations

from dataclasses import dataclass

from inference.training.data.dataset import Part, at_network_scale
from inference.training.data.sources import caption_bank, encoder_of, load_parts
from inference.training.evaluation.figures import Case, universal_cases
from inference.training.recipe import TrainingRecipe
from inference.training.words.captions import CaptionBank


@dataclass(frozen=True)
class Material:
    """Attributes:
    train: a line's training parts, no larger than the network sees them.
    val: the pictures of the split ``val`` at their own size, with the universal prompt.
    val_every: every N-th picture of each line's ``val`` is used.
    """

    recipe: TrainingRecipe
    train: dict[str, list[Part]]
    bank: CaptionBank
    val: list[Case]
    val_every: int = 1

    @classmethod
    def read(cls, recipe: TrainingRecipe, val_every: int = 1) -> Material:
        """Decode all pictures and encode all captions of a recipe."""
        train = {
            line: [at_network_scale(part, recipe.max_side_px) for part in parts]
            for line, parts in load_parts(recipe, "train").items()
        }
        val = {line: parts[::val_every] for line, parts in load_parts(recipe, "val").items()}
        bank = caption_bank(recipe, train)
        return cls(recipe, train, bank, universal_cases(val, encoder_of(recipe)), val_every)


def of_length(recipe: TrainingRecipe, steps: int) -> TrainingRecipe:
    """Return the recipe with ``steps`` steps; all that is counted in steps is scaled alike."""
    factor = steps / recipe.optimiser.steps

    def scaled(count: int) -> int:
        return max(1, round(count * factor))

    before = recipe.optimiser
    optimiser = before.model_copy(
        update={
            "steps": steps,
            "decay_steps": scaled(before.decay_steps),
            "warmup_steps": scaled(before.warmup_steps),
        }
    )
    losses = recipe.losses.model_copy(
        update={"balanced_steps": scaled(recipe.losses.balanced_steps)}
    )
    shares = recipe.shares.model_copy(update={"whole_by_step": scaled(recipe.shares.whole_by_step)})
    return recipe.model_copy(update={"optimiser": optimiser, "losses": losses, "shares": shares})
