"""The numbers of a DQFormer; the modules hold the maths."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

RESNET_EDGE = {
    "embedding_size": 32,
    "hidden_sizes": [32, 64, 128, 192],
    "depths": [1, 2, 2, 2],
    "layer_type": "basic",
}
# Swin-B, patch 4, window 12, 384 px (Liu et al. 2021, arXiv 2103.14030, table 7).
SWIN_BASE = {
    "embed_dim": 128,
    "depths": [2, 2, 18, 2],
    "num_heads": [4, 8, 16, 32],
    "window_size": 12,
    "image_size": 384,
}
SWIN_TINY = {
    "embed_dim": 8,
    "depths": [2, 2, 2, 2],
    "num_heads": [1, 1, 2, 2],
    "window_size": 4,
    "image_size": 64,
    "drop_path_rate": 0.0,
}
# BERT-base, uncased (Devlin et al. 2018, arXiv 1810.04805).
BERT_BASE = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
}
BERT_TINY = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
SWIN_BASE_WEIGHTS = "microsoft/swin-base-patch4-window12-384-in22k"
BERT_BASE_WEIGHTS = "google-bert/bert-base-uncased"
IMAGENET_MEAN, IMAGENET_SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PAPER_SIDE_PX = 480


@dataclass(frozen=True)
class BackboneConfig:
    """Which backbone, and how wide.

    Attributes:
        model_type: ``efficientnet_lite``, or a name that transformers' AutoBackbone knows, such
            as resnet or swin.
        options: keyword arguments of that model's configuration; they hold for pretrained
            weights too, which must have these shapes.
        pretrained: hub name or folder (efficientnet_lite: also file or package, no hub) to load
            weights from; None starts from random weights.
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
class TextConfig:
    """A BERT-like text encoder in torch; see ``prompt_encoder``.

    Attributes:
        model_type: a name that transformers' AutoModel knows.
        options: keyword arguments of that model's configuration, as for the backbone.
        pretrained: hub name or folder to load weights from; None starts from random weights.
        frozen: keep its weights as they are, and its dropout off.
    """

    model_type: str = "bert"
    options: dict[str, Any] = field(default_factory=lambda: dict(BERT_BASE))
    pretrained: str | None = None
    frozen: bool = True


@dataclass(frozen=True)
class DQFormerConfig:
    """The edge configuration, unless said otherwise.

    Attributes:
        width: d, channels of every pyramid level and of both tokens.
        text_width: width of the text encoder's token states.
        heads: heads of the attention to the words; they divide ``width``.
        refine_width: channels of the full-resolution refinement.
        layers: groupings from coarse to fine, one each on P5, P4 and P3.
        text: a text encoder in torch; None where the frozen one of ``inference.text_encoder`` is
            meant.
        language_in_backbone: words gate the backbone's stages too (Swin only). An image then
            costs nearly a backbone pass a prompt instead of one for all.
    """

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    width: int = 96
    text_width: int = 384
    heads: int = 4
    refine_width: int = 16
    layers: int = 3
    text: TextConfig | None = None
    language_in_backbone: bool = False

    @classmethod
    def edge(cls) -> DQFormerConfig:
        """What ships: small, from random weights, words of all-MiniLM-L6-v2."""
        return cls()

    @classmethod
    def paper(
        cls,
        *,
        backbone_weights: str | None = SWIN_BASE_WEIGHTS,
        text_weights: str | None = BERT_BASE_WEIGHTS,
        language_in_backbone: bool = False,
    ) -> DQFormerConfig:
        """Swin-B and BERT-base, for pictures of 480 x 480 px; weights None for random ones."""
        backbone = BackboneConfig(
            "swin", dict(SWIN_BASE), backbone_weights, IMAGENET_MEAN, IMAGENET_SPREAD
        )
        text = TextConfig("bert", dict(BERT_BASE), text_weights, frozen=False)
        return cls(backbone, 256, 768, 8, 32, 3, text, language_in_backbone)

    @classmethod
    def paper_tiny(cls, *, language_in_backbone: bool = False) -> DQFormerConfig:
        """The paper configuration's types at sizes for tests, with random weights."""
        backbone = BackboneConfig("swin", dict(SWIN_TINY), None, IMAGENET_MEAN, IMAGENET_SPREAD)
        text = TextConfig("bert", dict(BERT_TINY), None, frozen=False)
        return cls(backbone, 16, 16, 2, 8, 3, text, language_in_backbone)

    def filled(self) -> DQFormerConfig:
        """The same network for weights that are at hand: it loads no pretrained ones first."""
        text = replace(self.text, pretrained=None) if self.text else None
        return replace(self, backbone=replace(self.backbone, pretrained=None), text=text)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DQFormerConfig:
        """Inverse of ``to_dict``; raises TypeError for a name that is not a setting."""
        values = dict(values)
        backbone = BackboneConfig(**values.pop("backbone", {}))
        text = values.pop("text", None)
        return cls(backbone=backbone, text=TextConfig(**text) if text else None, **values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint or a model.json."""
        return asdict(self)
