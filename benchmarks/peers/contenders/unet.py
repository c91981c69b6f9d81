"""A U-Net (Ronneberger et al. 2015, arXiv 1505.04597): no words, no tokens, one map.

The encoder halves the picture five times, the decoder doubles it four times and sees the encoder's
map of each size; so its map has stride 2, as ours. A part is rejected for a region of that map, by
the same rule; the largest margin stands for presence, and learns from its loss.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.peers.contenders.contender import Contender
from inference.dqformer.lma import BACKGROUND_PRIOR
from inference.dqformer.model import DQFormerOutput
from inference.training.data.batches import Batch
from inference.training.recipe import TrainingRecipe

WIDTHS = (24, 48, 96, 144, 192)
"""At strides 2 to 32: three quarters of edge's parameters, and twice its arithmetic."""
PIXEL_MEAN, PIXEL_SPREAD = 0.45, 0.225


class Block(nn.Sequential):
    """Two 3x3 convolutions, each with batch norm and ReLU."""

    def __init__(self, given: int, width: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(given, width, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )


class UNet(nn.Module):
    """(B, 3, H, W) pixels 0..255 to (B, N, H / 2, W / 2): the same map for every prompt."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        coarser = list(pairwise(widths))
        self.stem = Block(3, widths[0], stride=2)
        self.down = nn.ModuleList(Block(fine, coarse) for fine, coarse in coarser)
        self.up = nn.ModuleList(Block(fine + coarse, fine) for fine, coarse in coarser)
        self.out = nn.Conv2d(widths[0], 1, 1)
        nn.init.constant_(self.out.bias, BACKGROUND_PRIOR)  # type: ignore[arg-type]

    def forward(self, image: Tensor, tokens: Tensor, token_mask: Tensor) -> DQFormerOutput:
        """DQFormer's arguments; of the words only their number is used."""
        maps = [self.stem((image.to(torch.float32) / 255.0 - PIXEL_MEAN) / PIXEL_SPREAD)]
        for block in self.down:
            maps.append(block(F.max_pool2d(maps[-1], 2)))
        here = maps.pop()
        for block in reversed(self.up):
            doubled = F.interpolate(here, scale_factor=2.0, mode="bilinear", align_corners=False)
            here = block(torch.cat([maps.pop(), doubled], dim=1))
        margin = self.out(here).expand(-1, tokens.shape[1], -1, -1)
        return DQFormerOutput(margin, margin.flatten(2).amax(dim=-1), [])


def universal_only(batch: Batch) -> Batch:
    """The first prompt, which means whatever is wrong: the only one it can answer."""
    return batch._replace(target=batch.target[:, :1], caption=batch.caption[:, :1])


def _network(recipe: TrainingRecipe) -> nn.Module:
    return UNet()


CONTENDER = Contender(
    "unet", "U-Net: encoder and decoder, no words", network=_network, batch=universal_only
)
