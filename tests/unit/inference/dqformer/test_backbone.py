"""A Swin as backbone, and its pretrained weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from transformers import SwinConfig, SwinForImageClassification

from contracts.errors import UserError
from inference.dqformer.backbone import Backbone
from inference.dqformer.config import BackboneConfig
from tests.tiny import TINY_SWIN


def saved(folder: Path) -> BackboneConfig:
    """A classifier's checkpoint of the tiny Swin, as hubs have them."""
    torch.manual_seed(7)
    SwinForImageClassification(SwinConfig(**TINY_SWIN.options)).save_pretrained(folder)
    return replace(TINY_SWIN, pretrained=str(folder))


@pytest.mark.parametrize("hw", [(32, 32), (64, 96), (96, 160)])
def test_swin_strides_at_any_multiple_of_32(hw: tuple[int, int]) -> None:
    maps = Backbone(TINY_SWIN).eval()(torch.rand(1, 3, *hw) * 255)
    assert [tuple(m.shape) for m in maps] == [
        (1, 8 * 2**i, hw[0] // (4 * 2**i), hw[1] // (4 * 2**i)) for i in range(4)
    ]


def test_pixels_are_normalised_by_channel() -> None:
    pixels = torch.tensor([0.0, 127.5, 255.0]).reshape(1, 3, 1, 1)
    expected = [(0 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    given = Backbone(TINY_SWIN).normalise(pixels).flatten().tolist()
    assert given == pytest.approx(expected, rel=1e-5)


def test_pretrained_weights_come_from_a_folder(tmp_path: Path) -> None:
    backbone = Backbone(saved(tmp_path))
    source = SwinForImageClassification.from_pretrained(tmp_path).swin.state_dict()
    loaded = backbone.body.swin.state_dict()
    assert set(source) - set(loaded) == {"layernorm.weight", "layernorm.bias"}
    assert all(torch.equal(loaded[name], source[name]) for name in loaded)


def test_pretrained_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    config = saved(tmp_path)
    other = {**config.options, "embed_dim": 16}
    with pytest.raises(UserError, match="cannot be loaded"):
        Backbone(replace(config, options=other))
    with pytest.raises(UserError, match="of type swin, not resnet"):
        Backbone(replace(config, model_type="resnet"))


def test_a_checkpoint_that_lacks_weights_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    config, path = saved(tmp_path), tmp_path / "model.safetensors"
    weights = load_file(path)
    lost = next(name for name in weights if "blocks.1" in name)
    kept = {name: value for name, value in weights.items() if name != lost}
    save_file(kept, path, metadata={"format": "pt"})
    with pytest.raises(UserError, match="lacks 1 weights"):
        Backbone(config)


@pytest.mark.parametrize("name", ["microsoft/swin-tiny", "/nowhere/swin"])
def test_absent_weights_are_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"swin.*pretrained: null") as caught:
        Backbone(replace(TINY_SWIN, pretrained=name))
    assert "\n" not in str(caught.value)
