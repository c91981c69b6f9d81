"""Words for the tokens: the frozen encoder's states brought to the model's width."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class Words(NamedTuple):
    """Attributes:
    states: (B, N, L, d), the words of each prompt.
    mask: (B, N, L) bool, True where there is a word.
    mean: (B, N, d), their mean.
    """

    states: Tensor
    mask: Tensor
    mean: Tensor


class TextProjection(nn.Module):
    """(B, N, L, text_width) token states to ``Words`` of width d."""

    def __init__(self, text_width: int, width: int) -> None:
        super().__init__()
        self.project = nn.Sequential(
            nn.LayerNorm(text_width), nn.Linear(text_width, width), nn.LayerNorm(width)
        )

    def forward(self, tokens: Tensor, mask: Tensor) -> Words:
        states = self.project(tokens)
        weight = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weight).sum(dim=2) / weight.sum(dim=2).clamp(min=1.0)
        return Words(states, mask, mean)
