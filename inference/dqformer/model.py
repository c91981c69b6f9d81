"""DQFormer: the image is encoded once, and a prompt costs a light decoder pass.

With ``language_in_backbone`` each prompt has a backbone pass of its own; see that module.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from inference.dqformer.backbone import Backbone
from inference.dqformer.config import DQFormerConfig
from inference.dqformer.decoder import Decoder
from inference.dqformer.language_backbone import LanguageBackbone
from inference.dqformer.pyramid import FeaturePyramid

STRIDE = 2


class DQFormerOutput(NamedTuple):
    """Attributes:
    margin: (B, N, H / 2, W / 2), Anomaly logit minus Background logit; the mask is margin > 0.
    presence: (B, N) logit, above 0 where the prompt refers to something in the image.
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
        self.backbone: Backbone | LanguageBackbone = (
            LanguageBackbone(config) if config.language_in_backbone else Backbone(config.backbone)
        )
        self.pyramid = FeaturePyramid(self.backbone.channels, config.width)
        self.decoder = Decoder(config)

    def forward(self, image: Tensor, tokens: Tensor, token_mask: Tensor) -> DQFormerOutput:
        """Segment what each prompt names.

        Args:
            image: (B, 3, H, W) uint8 or float, RGB, 0..255; H and W multiples of 32.
            tokens: (B, N, L, text_width) float, token states of N prompts an image.
            token_mask: (B, N, L) bool.
        """
        if isinstance(self.backbone, LanguageBackbone):
            maps = self.backbone(image, tokens, token_mask)
            # Every prompt has features of its own: decode them as images of one prompt each.
            folded = (part.flatten(0, 1).unsqueeze(1) for part in (tokens, token_mask))
            margin, presence, groupings = self.decoder(self.pyramid(maps), *folded)
            prompts = tokens.shape[:2]
            return DQFormerOutput(
                margin.squeeze(1).unflatten(0, prompts),
                presence.squeeze(1).unflatten(0, prompts),
                [grouping.squeeze(1).unflatten(0, prompts) for grouping in groupings],
            )
        return DQFormerOutput(*self.decoder(self.pyramid(self.backbone(image)), tokens, token_mask))
