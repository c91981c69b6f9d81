"""Language-Gated Multi-Level Aggregation: which level and channel a prompt listens to.

The name is the paper's, the equations are ours:

    g_l = 2 sigmoid(W_l [t; z_A]);   margin_l = <g_l * (k_A - k_B), P_l> + b_l

The coarsest level carries sine positions, for words such as "near the lower left corner".

A gate on channels, the contraction with a token and bilinear resizing commute: so the gate is
put on the token, and gated features never exist as N x C x H x W.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from inference.dqformer.mask_group_transformer import (
    ANOMALY,
    BACKGROUND,
    sine_positions,
)
from inference.dqformer.text import PromptFeatures

LEVELS = 4
BACKGROUND_PRIOR = -1.0
"""First margin of every position: most pixels of most pictures are background."""


class LanguageGatedAggregation(nn.Module):
    """Tokens and pyramid to one margin map a prompt at stride 4."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gates = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(LEVELS))
        # Only the difference of the keys counts, in which a bias would cancel.
        self.keys = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(LEVELS))
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.full((LEVELS,), BACKGROUND_PRIOR))

    def forward(self, tokens: Tensor, prompt: PromptFeatures, levels: list[Tensor]) -> Tensor:
        """(B, N, 2, d), prompt, P2..P5 -> margin (B, N, H / 4, W / 4)."""
        tokens = self.norm(tokens)
        heard = torch.cat([prompt.mean, tokens[:, :, ANOMALY]], dim=-1)  # (B, N, 2d)
        coarsest = LEVELS - 1
        total = self._level(coarsest, tokens, heard, _located(levels[coarsest]))
        for index in reversed(range(coarsest)):
            total = self._level(index, tokens, heard, levels[index]) + F.interpolate(
                total, scale_factor=2.0, mode="bilinear", align_corners=False
            )
        return total

    def _level(self, index: int, tokens: Tensor, heard: Tensor, level: Tensor) -> Tensor:
        gate = 2.0 * torch.sigmoid(self.gates[index](heard))
        key = self.keys[index](tokens)
        direction = gate * (key[:, :, ANOMALY] - key[:, :, BACKGROUND])  # (B, N, d)
        direction = direction / level.shape[1] ** 0.5
        return torch.einsum("bnd,bdhw->bnhw", direction, level) + self.bias[index]


def _located(level: Tensor) -> Tensor:
    """(B, d, h, w) with each position's sines added."""
    height, columns = level.shape[-2:]
    return level + sine_positions(height, columns, level.shape[1], level).T.reshape(
        level.shape[1], height, columns
    )
