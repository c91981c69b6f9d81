"""Sixteen ordinary query tokens in place of the two, and no LMA.

The ideas are CGFormer's (arXiv 2309.01017: tokens that group pixels, coarse to fine) and
Mask2Former's (arXiv 2112.01527: a mask is a query's dot product with the finest features); the
equations are ours. With M_q the masks' logits, a_q the learned score of a query:

    p(x) = sum_q softmax_q(M(x)) sigmoid(a_q);   margin = logit of p

so that queries need not be matched to defects, and the mask is again margin > 0.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.peers.contenders.contender import Contender
from inference.dqformer.config import DQFormerConfig
from inference.dqformer.decoder import Decoder
from inference.dqformer.lma import BACKGROUND_PRIOR
from inference.dqformer.mask_group_transformer import GroupingLayer, MaskGroupTransformer
from inference.dqformer.model import DQFormer
from inference.training.recipe import TrainingRecipe

QUERIES = 16


def anomaly_margin(logits: Tensor, scores: Tensor) -> Tensor:
    """(B, N, Q, ...) masks' logits and (B, N, Q) scores -> (B, N, ...) margin."""
    scores = scores.reshape(*scores.shape, *[1] * (logits.ndim - 3))
    anomalous = torch.logsumexp(logits + F.logsigmoid(scores), dim=2)
    return anomalous - torch.logsumexp(logits + F.logsigmoid(-scores), dim=2)


class Score(nn.Module):
    """(B, N, Q, d) -> (B, N, Q): how much a query stands for something wrong, a logit."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 1)
        nn.init.constant_(self.out.bias, BACKGROUND_PRIOR)

    def forward(self, queries: Tensor) -> Tensor:
        return self.out(self.norm(queries)).squeeze(-1)


class QueryLayer(GroupingLayer):
    """Our grouping, over all queries; its margin comes from their scores."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads)
        self.score = Score(width)

    def margin(self, similarity: Tensor, tokens: Tensor) -> Tensor:
        return anomaly_margin(similarity, self.score(tokens))


class QueryTransformer(MaskGroupTransformer):
    """Our Mask Group Transformer with more tokens."""

    def __init__(self, width: int, heads: int, layers: int, queries: int = QUERIES) -> None:
        super().__init__(width, heads, layers)
        self.tokens = nn.Parameter(torch.randn(queries, width) * 0.5)
        self.layers = nn.ModuleList(QueryLayer(width, heads) for _ in range(layers))


class QueryDecoder(Decoder):
    """Our decoder with queries, and dot products with P2 instead of the LMA."""

    def __init__(self, config: DQFormerConfig) -> None:
        super().__init__(config)
        del self.aggregation
        self.grouping = QueryTransformer(config.width, config.heads, config.layers)
        self.score = Score(config.width)
        self.embed = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, config.width),
            nn.GELU(),
            nn.Linear(config.width, config.width),
        )

    def forward(
        self, levels: list[Tensor], tokens: Tensor, token_mask: Tensor
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        prompt = self.text(tokens, token_mask)
        queries, groupings = self.grouping(prompt, levels)
        scores = self.score(queries)
        masks = torch.einsum("bnqd,bdhw->bnqhw", self.embed(queries), levels[0])
        masks = masks / levels[0].shape[1] ** 0.5
        margin = self.refinement(anomaly_margin(masks, scores), levels[0])
        return margin, self.presence(_two_means(queries, scores), prompt, margin), groupings


def _two_means(queries: Tensor, scores: Tensor) -> Tensor:
    """(B, N, 2, d), the queries' means weighted by and against their scores: for Presence."""
    sides = torch.stack([scores, -scores], dim=2).sigmoid()  # (B, N, 2, Q)
    return (sides / sides.sum(dim=-1, keepdim=True)) @ queries


def _network(recipe: TrainingRecipe) -> nn.Module:
    model = DQFormer(recipe.dqformer())
    model.decoder = QueryDecoder(model.config)
    return model


CONTENDER = Contender(
    "queries16", "16 ordinary query tokens, no LMA: masks by dot product", network=_network
)
