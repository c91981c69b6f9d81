"""Feature pyramid (Lin et al. 2017, arXiv 1612.03144): four levels of one width."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class SeparableConv(nn.Sequential):
    """3x3 depthwise, 1x1 pointwise, batch norm, ReLU: a ninth of a dense 3x3's work."""

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )


class DenseConv(nn.Sequential):
    """3x3 convolution, batch norm, ReLU."""

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )


class FeaturePyramid(nn.Module):
    """Backbone maps at strides 4..32 to P2..P5, each (B, width, H / stride, W / stride)."""

    def __init__(self, channels: list[int], width: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        # P2 holds three quarters of all positions: there the cheaper convolution.
        blocks = [SeparableConv(width)] + [DenseConv(width) for _ in channels[1:]]
        self.smooth = nn.ModuleList(blocks)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        top: Tensor | None = None
        levels: list[Tensor] = []
        for index in reversed(range(len(maps))):
            here = self.lateral[index](maps[index])
            if top is not None:
                here = here + F.interpolate(top, scale_factor=2.0, mode="nearest")
            top = self.smooth[index](here)
            levels.insert(0, top)
        return levels
