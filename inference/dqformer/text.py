"""A prompt for the decoder: the text encoder's token states, brought to the model's width."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class PromptFeatures(NamedTuple):
    """N prompts for each of B images.

    Attributes:
        states: (B, N, L, d), one state a token.
        mask: (B, N, L) bool, True where there is a token.
        mean: (B, N, d), the mean of the states where there is a token.
    """

    states: Tensor
    mask: Tensor
    mean: Tensor


class TextProjection(nn.Module):
    """(B, N, L, text_width) token states to ``PromptFeatures`` of width d."""

    def __init__(self, text_width: int, width: int) -> None:
        super().__init__()
        self.project = nn.Sequential(
            nn.LayerNorm(text_width), nn.Linear(text_width, width), nn.LayerNorm(width)
        )

    def forward(self, tokens: Tensor, mask: Tensor) -> PromptFeatures:
        states = self.project(tokens)
        weight = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weight).sum(dim=2) / weight.sum(dim=2).clamp(min=1.0)
        return PromptFeatures(states, mask, mean)
