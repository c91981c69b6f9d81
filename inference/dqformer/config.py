"""The numbers of a DQFormer; the modules hold the maths."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

RESNET_EDGE = {
    "embedding_size": 32,
    "hidden_sizes": [32, 64, 128, 192],
    "depths": [1, 2, 2, 2],
    "layer_type": "basic",
}
REMOVED = {"text": None, "language_in_backbone": False}
"""Settings of earlier versions, with the one value that any trained network has."""


@dataclass(frozen=True)
class BackboneConfig:
    """Which transformers backbone, and how wide.

    Attributes:
        model_type: a name that transformers' AutoBackbone knows, such as resnet or swin.
        options: keyword arguments of that model's configuration; they hold for pretrained
            weights too, which must have these shapes.
        pretrained: hub name or folder to load weights from; None starts from random weights.
        pixel_mean, pixel_spread: one value a channel (R, G, B), or one for all, of pixels 0..1.
    """

    model_type: str = "resnet"
    options: dict[str, Any] = field(default_factory=lambda: dict(RESNET_EDGE))
    pretrained: str | None = None
    pixel_mean: tuple[float, ...] = (0.45,)
    pixel_spread: tuple[float, ...] = (0.225,)

    def __post_init__(self) -> None:
        # JSON and YAML have lists only.
        object.__setattr__(self, "pixel_mean", tuple(self.pixel_mean))
        object.__setattr__(self, "pixel_spread", tuple(self.pixel_spread))


@dataclass(frozen=True)
class DQFormerConfig:
    """All numbers of the network; the defaults are those of the network that ships.

    Attributes:
        width: d, channels of every pyramid level and of both tokens.
        text_width: width of the text encoder's token states.
        heads: heads of the attention to the words; they divide ``width``.
        refine_width: channels of the full-resolution refinement.
        layers: groupings from coarse to fine, one each on P5, P4 and P3.
    """

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    width: int = 96
    text_width: int = 384
    heads: int = 4
    refine_width: int = 16
    layers: int = 3

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DQFormerConfig:
        """Return the configuration that ``to_dict`` wrote, in this or an earlier version.

        Raises:
            TypeError: a name is not a setting, or a removed setting is in use.
        """
        values = dict(values)
        for name, unused in REMOVED.items():
            if values.pop(name, unused) != unused:
                raise TypeError(f"{name} was removed: this version cannot build that network")
        return cls(backbone=BackboneConfig(**values.pop("backbone", {})), **values)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for a checkpoint or a model.json."""
        return asdict(self)
