"""Features for banks of good parts: strides 8 and 16 of a backbone, each the mean of 3 x 3."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from inference.dqformer.backbone import Backbone
from inference.dqformer.config import BackboneConfig
from inference.imaging import to_network

STRIDES = (8, 16)
LEVELS = (1, 2)
"""Of the backbone's four maps, those at ``STRIDES``: finer ones know no objects, coarser ones no
places."""
SIDE_PX = 320
LITE_PIXELS = ((127 / 255,), (128 / 255,))

Extractor = Callable[[np.ndarray], list[np.ndarray]]
"""(H, W, 3) uint8 RGB to one (h, w, c) array a level."""


def pretrained_backbone(weights: str) -> Backbone:
    """Return EfficientNet-Lite0 with ImageNet weights, which nothing of ours has trained.

    Raises:
        BadSettings: no weights there.
    """
    return Backbone(BackboneConfig("efficientnet_lite", {}, weights, *LITE_PIXELS))


class ReferenceFeatures:
    """Pictures to features, by any backbone with maps at strides 4, 8, 16 and 32.

    Args:
        side_px: pictures with a longer side are reduced to it.
    """

    def __init__(self, backbone: nn.Module, side_px: int = SIDE_PX) -> None:
        self.backbone, self.side_px = backbone.eval(), side_px

    @torch.no_grad()
    def __call__(self, image_rgb: np.ndarray) -> list[np.ndarray]:
        """(H, W, 3) uint8 -> (h, w, c) float32 at strides 8 and 16, without the padding."""
        prepared = to_network(image_rgb, self.side_px)
        maps: Sequence[Tensor] = self.backbone(torch.from_numpy(prepared.pixels)[None].float())
        return [
            _content(maps[level], prepared.content_hw, stride)
            for level, stride in zip(LEVELS, STRIDES, strict=True)
        ]


def _content(features: Tensor, content_hw: tuple[int, int], stride: int) -> np.ndarray:
    around = F.avg_pool2d(features, 3, stride=1, padding=1, count_include_pad=False)
    height, width = (-(-side // stride) for side in content_hw)
    return around[0, :, :height, :width].permute(1, 2, 0).contiguous().numpy()
