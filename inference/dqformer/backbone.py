"""The image encoder: any transformers backbone with four levels, and no language inside it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoBackbone, AutoConfig

from inference.dqformer.config import BackboneConfig

LEVELS = ("stage1", "stage2", "stage3", "stage4")
PIXEL_MEAN, PIXEL_SPREAD = 0.45, 0.225


class Backbone(nn.Module):
    """(B, 3, H, W) pixels 0..255 to four feature maps at strides 4, 8, 16 and 32.

    Normalisation is inside, so that callers hand over pixels as they are.
    """

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.body = _build(config)
        self.channels: list[int] = list(self.body.channels)

    def forward(self, image: Tensor) -> list[Tensor]:
        pixels = (image.to(torch.float32) / 255.0 - PIXEL_MEAN) / PIXEL_SPREAD
        return list(self.body(pixels).feature_maps)


def _build(config: BackboneConfig) -> Any:  # transformers' backbones are not typed
    if config.pretrained:
        return AutoBackbone.from_pretrained(config.pretrained, out_features=list(LEVELS))
    settings = AutoConfig.for_model(config.model_type, out_features=list(LEVELS), **config.options)
    return AutoBackbone.from_config(settings)
