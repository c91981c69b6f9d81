"""From tokens and pyramid to the two answers: the mask, and whether there is anything at all."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from inference.dqformer.config import DQFormerConfig
from inference.dqformer.lma import LanguageGatedAggregation
from inference.dqformer.mask_group_transformer import MaskGroupTransformer
from inference.dqformer.text import PromptFeatures, TextProjection

STRONGEST = 64


class Refinement(nn.Module):
    """Stride 4 to stride 2: what bilinear doubling misses, from the margin and P2.

    The convolution of P2 has no prompt axis; only one channel is convolved per prompt.
    """

    def __init__(self, width: int, refine_width: int) -> None:
        super().__init__()
        self.from_features = nn.Conv2d(width, refine_width, 3, padding=1)
        self.from_margin = nn.Conv2d(1, refine_width, 3, padding=1)
        self.out = nn.Conv2d(refine_width, 4, 3, padding=1)

    def forward(self, margin: Tensor, finest: Tensor) -> Tensor:
        """(B, N, h, w) and (B, d, h, w) -> (B, N, 2h, 2w)."""
        batch, prompts, height, columns = margin.shape
        features = self.from_features(finest).unsqueeze(1)  # (B, 1, r, h, w)
        each = self.from_margin(margin.reshape(batch * prompts, 1, height, columns))
        each = each.reshape(batch, prompts, -1, height, columns)
        hidden = F.relu(features + each).flatten(0, 1)
        detail = F.pixel_shuffle(self.out(hidden), 2).reshape(
            batch, prompts, 2 * height, 2 * columns
        )
        doubled = F.interpolate(margin, scale_factor=2.0, mode="bilinear", align_corners=False)
        return doubled + detail


class Presence(nn.Module):
    """Does the prompt refer to anything here? (B, N) logits.

    Reads both tokens, the words' mean, and the margin's largest value and mean of its 64 largest.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * width)
        self.mlp = nn.Sequential(nn.Linear(3 * width + 2, width), nn.GELU(), nn.Linear(width, 1))

    def forward(self, tokens: Tensor, prompt: PromptFeatures, margin: Tensor) -> Tensor:
        strongest = margin.flatten(2).topk(STRONGEST, dim=-1).values
        summary = torch.stack([strongest[..., 0], strongest.mean(dim=-1)], dim=-1)
        seen = self.norm(tokens.flatten(2))
        return self.mlp(torch.cat([seen, prompt.mean, summary], dim=-1)).squeeze(-1)


class Decoder(nn.Module):
    """N prompts at once over one image's pyramid."""

    def __init__(self, config: DQFormerConfig) -> None:
        super().__init__()
        self.text = TextProjection(config.text_width, config.width)
        self.grouping = MaskGroupTransformer(config.width, config.heads, config.layers)
        self.aggregation = LanguageGatedAggregation(config.width)
        self.refinement = Refinement(config.width, config.refine_width)
        self.presence = Presence(config.width)

    def forward(
        self, levels: list[Tensor], tokens: Tensor, token_mask: Tensor
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """P2..P5, (B, N, L, text_width), (B, N, L) -> margin, presence, grouping margins."""
        prompt = self.text(tokens, token_mask)
        pair, groupings = self.grouping(prompt, levels)
        margin = self.refinement(self.aggregation(pair, prompt, levels), levels[0])
        return margin, self.presence(pair, prompt, margin), groupings
