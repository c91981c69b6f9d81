"""Hard grouping: a position belongs to one token, not to both in shares.

Forward the largest, backward the softmax (straight-through, Bengio et al. 2013, arXiv 1308.3432);
nothing is drawn at random, so evaluation is deterministic.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.peers.contenders.contender import Contender
from inference.dqformer.mask_group_transformer import GroupingLayer
from inference.dqformer.model import DQFormer
from inference.training.recipe import TrainingRecipe


class HardGroupingLayer(GroupingLayer):
    """Our grouping with one-hot shares."""

    def assign(self, similarity: Tensor) -> Tensor:
        soft = similarity.softmax(dim=2)
        chosen = torch.zeros_like(soft).scatter(2, soft.argmax(dim=2, keepdim=True), 1.0)
        return chosen + (soft - soft.detach())


def _network(recipe: TrainingRecipe) -> nn.Module:
    model = DQFormer(recipe.dqformer())
    layers = model.decoder.grouping.layers
    for index, soft in enumerate(layers):
        layers[index] = HardGroupingLayer(model.config.width, model.config.heads)
        layers[index].load_state_dict(
            soft.state_dict()
        )  # starts from the same weights as soft grouping
    return model


CONTENDER = Contender(
    "hard_grouping", "hard grouping: one token a position, straight-through", network=_network
)
