"""DQFormer: the image is encoded once, and each prompt costs a light decoder pass."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from inference.dqformer.backbone import Backbone
from inference.dqformer.config import DQFormerConfig
from inference.dqformer.decoder import Decoder
from inference.dqformer.pyramid import FeaturePyramid

STRIDE = 2


class DQFormerOutput(NamedTuple):
    """Attributes:
    margin: (B, N, H / 2, W / 2), Anomaly logit minus Background logit; the mask is margin > 0.
    presence: (B, N) logit, above 0 if the prompt refers to something in the image.
    groupings: per layer (B, N, h, w), margins of the grouping, coarse (stride 32) to fine (8).
    """

    margin: Tensor
    presence: Tensor
    groupings: list[Tensor]


class DQFormer(nn.Module):
    """See the package's docstring; ``config`` holds the numbers."""

    def __init__(self, config: DQFormerConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = Backbone(config.backbone)
        self.pyramid = FeaturePyramid(self.backbone.channels, config.width)
        self.decoder = Decoder(config)

    def forward(self, image: Tensor, tokens: Tensor, token_mask: Tensor) -> DQFormerOutput:
        """Segment what each prompt names.

        Args:
            image: (B, 3, H, W) uint8 or float, RGB, 0..255; H and W multiples of 32.
            tokens: (B, N, L, text_width) float, token states of N prompts an image.
            token_mask: (B, N, L) bool.
        """
        levels = self.pyramid(self.backbone(image))
        return DQFormerOutput(*self.decoder(levels, tokens, token_mask))
