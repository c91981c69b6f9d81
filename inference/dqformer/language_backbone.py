"""Words inside the backbone: a language gate after each stage of a Swin.

That language may guide the backbone's stages is the idea of LAVT (arXiv 2112.02244); a gate that
opens from zero, so that pretrained features start undisturbed, is Flamingo's (arXiv 2204.14198).
The equations are ours. For pixels x (S, c) of a stage and words T (L, d), per head of width e:

    A = softmax(W_q norm(x) (W_k T)' / sqrt(e));   x = x + tanh(a) * W_o (A W_v T)

with a (c,) learned from zero. At zero this is the plain backbone. The words make each prompt's
features its own: N prompts cost one first stage and N times all that follows, memory included,
where the plain backbone costs one pass for all prompts.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from contracts.errors import UserError
from inference.dqformer.backbone import LEVELS, Backbone
from inference.dqformer.config import DQFormerConfig
from inference.dqformer.text import TextProjection, Words


class LanguageGate(nn.Module):
    """Pixels attend to their prompt's words; see the module's equations."""

    def __init__(self, channels: int, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, channels)
        self.opening = nn.Parameter(torch.zeros(channels))

    def forward(self, pixels: Tensor, words: Words) -> Tensor:
        """(P, S, c) pixels and the (B, N, L, d) words of P = B N prompts -> (P, S, c)."""
        states, mask = words.states.flatten(0, 1), words.mask.flatten(0, 1)
        query = self._split(self.query(self.norm(pixels)))  # (P, heads, S, e)
        key, value = (self._split(part) for part in self.key_value(states).chunk(2, dim=-1))
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        shares = scores.masked_fill(~mask[:, None, None, :], -1e4).softmax(dim=-1)
        heard = self.out((shares @ value).transpose(1, 2).flatten(2))
        return pixels + torch.tanh(self.opening) * heard

    def _split(self, x: Tensor) -> Tensor:
        """(P, S, d) -> (P, heads, S, d / heads)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class LanguageBackbone(nn.Module):
    """A Swin ``Backbone`` with words; a feature map for each prompt of each image.

    Raises:
        UserError: the backbone is no Swin.
    """

    def __init__(self, config: DQFormerConfig) -> None:
        super().__init__()
        if config.backbone.model_type != "swin":
            raise UserError(
                f"language_in_backbone needs a swin backbone, not {config.backbone.model_type}"
            )
        self.backbone = Backbone(config.backbone)
        self.channels = self.backbone.channels
        self.text = TextProjection(config.text_width, config.width)
        self.gates = nn.ModuleList(
            LanguageGate(channels, config.width, config.heads) for channels in self.channels
        )

    def forward(self, image: Tensor, tokens: Tensor, token_mask: Tensor) -> list[Tensor]:
        """(B, 3, H, W) and (B, N, L, text_width) -> four maps (B * N, c, h, w), an image's
        prompts side by side."""
        words, swin = self.text(tokens, token_mask), self.backbone.body.swin
        hidden, size = swin.embeddings(self.backbone.normalise(image))
        maps: list[Tensor] = []
        for index, stage in enumerate(swin.encoder.layers):
            for block in stage.blocks:
                hidden = block(hidden, size, always_partition=True)[0]
            if index == 0:  # no word was heard before: one first stage serves all prompts
                hidden = hidden.repeat_interleave(tokens.shape[1], dim=0)
            hidden = self.gates[index](hidden, words)
            maps.append(self._as_map(index, hidden, size))
            if stage.downsample is not None:
                hidden = stage.downsample(hidden, size)
                size = (size[0] // 2, size[1] // 2)
        return maps

    def _as_map(self, index: int, hidden: Tensor, size: tuple[int, int]) -> Tensor:
        normed = self.backbone.body.hidden_states_norms[LEVELS[index]](hidden)
        return normed.transpose(1, 2).unflatten(-1, size)
