"""No LMA: the last grouping's margin (stride 8), doubled, is what the refinement starts from."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.peers.contenders.contender import Contender
from inference.dqformer.config import DQFormerConfig
from inference.dqformer.decoder import Decoder
from inference.dqformer.model import DQFormer
from inference.training.recipe import TrainingRecipe


class GroupingDecoder(Decoder):
    """Our decoder without aggregation."""

    def __init__(self, config: DQFormerConfig) -> None:
        super().__init__(config)
        del self.aggregation

    def forward(
        self, levels: list[Tensor], tokens: Tensor, token_mask: Tensor
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        prompt = self.text(tokens, token_mask)
        pair, groupings = self.grouping(prompt, levels)
        finest = F.interpolate(
            groupings[-1], size=levels[0].shape[-2:], mode="bilinear", align_corners=False
        )
        margin = self.refinement(finest, levels[0])
        return margin, self.presence(pair, prompt, margin), groupings


def _network(recipe: TrainingRecipe) -> nn.Module:
    model = DQFormer(recipe.dqformer())
    model.decoder = GroupingDecoder(model.config)
    return model


CONTENDER = Contender(
    "no_lma", "no LMA: the mask is the last grouping's, refined", network=_network
)
