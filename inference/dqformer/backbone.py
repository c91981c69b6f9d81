"""The image encoder: one with four levels, and no language inside it; ours or transformers'."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import MODEL_FOR_BACKBONE_MAPPING, AutoBackbone, AutoConfig

from inference.dqformer import efficientnet_weights
from inference.dqformer.config import BackboneConfig
from inference.dqformer.weights import pretrained_model, pretrained_settings

LEVELS = ("stage1", "stage2", "stage3", "stage4")

OWN: dict[str, Callable[[dict[str, Any], str | None], nn.Module]] = {
    "efficientnet_lite": efficientnet_weights.build,
}
"""Backbones that are ours: options and weights' name to a module with ``channels``, whose answer
has ``feature_maps``. Any other name is one of transformers'."""


class Backbone(nn.Module):
    """(B, 3, H, W) pixels 0..255 to four feature maps at strides 4, 8, 16 and 32.

    Normalisation is inside, so that callers hand over pixels as they are. H and W are multiples
    of 32; windows that do not fit a map (Swin) are padded and cropped inside the backbone.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.body = _build(config)
        self.channels: list[int] = list(self.body.channels)
        for name, values in (("mean", config.pixel_mean), ("spread", config.pixel_spread)):
            # Settings, not weights: a checkpoint does not carry them.
            self.register_buffer(name, torch.tensor(values).reshape(-1, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> list[Tensor]:
        return list(self.body(self.normalise(image)).feature_maps)

    def normalise(self, image: Tensor) -> Tensor:
        """Pixels 0..255 to about zero mean and unit spread, float32."""
        return (image.to(torch.float32) / 255.0 - self.mean) / self.spread


def _build(config: BackboneConfig) -> Any:  # transformers' backbones are not typed
    if config.model_type in OWN:
        return OWN[config.model_type](config.options, config.pretrained)
    options = {"out_features": list(LEVELS), **config.options}
    if config.pretrained:
        what, name = "backbone", config.pretrained
        settings = pretrained_settings(what, name, config.model_type, options)
        # AutoBackbone itself takes no folder.
        body = pretrained_model(what, name, MODEL_FOR_BACKBONE_MAPPING[type(settings)], settings)
    else:
        body = AutoBackbone.from_config(AutoConfig.for_model(config.model_type, **options))
    if config.model_type == "swin":
        # Its last layer norm is not on the way to any feature map, so it could never learn.
        body.swin.layernorm = nn.Identity()
    return body
