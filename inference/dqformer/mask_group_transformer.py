"""Mask Group Transformer: visual features are grouped into two tokens, coarse to fine.

The name is the paper's, the equations are ours. Per layer, z being (B, N, 2, d):

    z = z + attention(z -> words)
    S = cos(W_q z, K) * exp(s);  A = softmax of S over the two tokens;  u = A V / (sum A + 1)
    z = z + W_o u;  z = z + MLP(z)

K and V come from a pyramid level with sine positions and have no prompt axis: a further prompt
costs two rows of a matrix product. Nothing is drawn at random, in training or in evaluation.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from inference.dqformer.text import PromptFeatures

ANOMALY, BACKGROUND = 0, 1
LARGEST_LOG_SCALE = math.log(50.0)


class Grouping(NamedTuple):
    """Attributes:
    tokens: (B, N, 2, d) after the layer.
    margin: (B, N, h, w), how much more a position belongs to Anomaly than to Background.
    """

    tokens: Tensor
    margin: Tensor


def sine_positions(height: int, width: int, channels: int, like: Tensor) -> Tensor:
    """(height * width, channels) sines and cosines of relative position (0..1) in both axes."""
    count = channels // 4
    frequency = math.pi * torch.pow(
        torch.tensor(2.0), torch.arange(count, dtype=torch.float32) * (6.0 / count)
    )
    rows = (torch.arange(height, dtype=torch.float32, device=like.device) + 0.5) / height
    columns = (torch.arange(width, dtype=torch.float32, device=like.device) + 0.5) / width
    row_angles = rows[:, None] * frequency[None].to(like.device)
    column_angles = columns[:, None] * frequency[None].to(like.device)
    row_part = torch.cat([row_angles.sin(), row_angles.cos()], dim=-1)
    column_part = torch.cat([column_angles.sin(), column_angles.cos()], dim=-1)
    grid = torch.cat(
        [
            row_part[:, None, :].expand(height, width, 2 * count),
            column_part[None, :, :].expand(height, width, 2 * count),
        ],
        dim=-1,
    )
    return grid.reshape(height * width, 4 * count)


class WordAttention(nn.Module):
    """Both tokens attend to the prompt's words (multi-head, scaled dot product)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, tokens: Tensor, prompt: PromptFeatures) -> Tensor:
        batch, prompts, pair, width = tokens.shape
        length, part = prompt.states.shape[2], width // self.heads
        query = self.query(tokens).reshape(batch, prompts, pair, self.heads, part)
        key, value = self.key_value(prompt.states).chunk(2, dim=-1)
        key = key.reshape(batch, prompts, length, self.heads, part)
        value = value.reshape(batch, prompts, length, self.heads, part)
        scores = torch.einsum("bnphc,bnlhc->bnhpl", query, key) / math.sqrt(part)
        scores = scores.masked_fill(~prompt.mask[:, :, None, None, :], -1e4)
        mixed = torch.einsum("bnhpl,bnlhc->bnphc", scores.softmax(dim=-1), value)
        return self.out(mixed.reshape(batch, prompts, pair, width))


class GroupingLayer(nn.Module):
    """The prompt, then one pyramid level, then an MLP; see the module's equations."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_words, self.norm_group, self.norm_mlp = (nn.LayerNorm(width) for _ in range(3))
        self.words = WordAttention(width, heads)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.log_scale = nn.Parameter(torch.tensor(math.log(8.0)))
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, tokens: Tensor, prompt: PromptFeatures, level: Tensor) -> Grouping:
        batch, width, height, columns = level.shape
        positions = level.flatten(2).transpose(1, 2)  # (B, hw, d)
        located = positions + sine_positions(height, columns, width, level)
        tokens = tokens + self.words(self.norm_words(tokens), prompt)
        query = F.normalize(self.query(self.norm_group(tokens)), dim=-1)
        key = F.normalize(self.key(located), dim=-1)
        scale = self.log_scale.clamp(max=LARGEST_LOG_SCALE).exp()
        similarity = torch.einsum("bnpd,bsd->bnps", query, key) * scale
        shares = self.assign(similarity)
        grouped = torch.einsum("bnps,bsd->bnpd", shares, self.value(positions))
        grouped = grouped / (shares.sum(dim=-1, keepdim=True) + 1.0)
        tokens = tokens + self.out(grouped)
        tokens = tokens + self.mlp(self.norm_mlp(tokens))
        margin = self.margin(similarity, tokens)
        return Grouping(tokens, margin.reshape(batch, -1, height, columns))

    def assign(self, similarity: Tensor) -> Tensor:
        """(B, N, tokens, hw) -> each position's shares among the tokens, of the same shape."""
        return similarity.softmax(dim=2)

    def margin(self, similarity: Tensor, tokens: Tensor) -> Tensor:
        """(B, N, tokens, hw), (B, N, tokens, d) -> (B, N, hw), Anomaly against Background."""
        return similarity[:, :, ANOMALY] - similarity[:, :, BACKGROUND]


class MaskGroupTransformer(nn.Module):
    """Two learned tokens through one grouping a level, P5 first."""

    def __init__(self, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.randn(2, width) * 0.5)
        self.layers = nn.ModuleList(GroupingLayer(width, heads) for _ in range(layers))

    def forward(self, prompt: PromptFeatures, levels: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Levels P2..P5 -> tokens (B, N, 2, d) and each layer's margin, coarse to fine."""
        tokens = self.tokens[None, None] + prompt.mean.unsqueeze(2)
        margins = []
        for layer, level in zip(self.layers, reversed(levels), strict=False):
            tokens, margin = layer(tokens, prompt, level)
            margins.append(margin)
        return tokens, margins
