"""What one contender does differently from DQFormer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from inference.training.data.batches import Batch
from inference.training.loop.trainer import dqformer_of
from inference.training.recipe import TrainingRecipe


def as_is(recipe: TrainingRecipe) -> TrainingRecipe:
    return recipe


def as_drawn(batch: Batch) -> Batch:
    return batch


@dataclass(frozen=True)
class Contender:
    """A name, and what differs.

    Attributes:
        says: what it is, in one line of the table.
        network: a recipe to a module with DQFormer's inputs and a ``DQFormerOutput``.
        recipe: another recipe from the common one; seed and steps must stay.
        batch: what of a batch it is shown.
    """

    name: str
    says: str
    network: Callable[[TrainingRecipe], nn.Module] = dqformer_of
    recipe: Callable[[TrainingRecipe], TrainingRecipe] = as_is
    batch: Callable[[Batch], Batch] = as_drawn
