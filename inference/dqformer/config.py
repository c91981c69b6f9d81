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


@dataclass(frozen=True)
class BackboneConfig:
    """Which transformers backbone, and how wide.

    Attributes:
        model_type: a name that transformers' AutoBackbone knows, such as resnet or hgnet_v2.
        options: keyword arguments of that model's configuration.
        pretrained: hub name or folder to load weights from; None starts from random weights.
    """

    model_type: str = "resnet"
    options: dict[str, Any] = field(default_factory=lambda: dict(RESNET_EDGE))
    pretrained: str | None = None


@dataclass(frozen=True)
class DQFormerConfig:
    """The edge configuration.

    Attributes:
        width: d, channels of every pyramid level and of both tokens.
        text_width: width of the text encoder's token states.
        heads: heads of the tokens' attention to the words.
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
        """Inverse of ``to_dict``; raises TypeError for a name that is not a setting."""
        values = dict(values)
        backbone = BackboneConfig(**values.pop("backbone", {}))
        return cls(backbone=backbone, **values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint or a model.json."""
        return asdict(self)
