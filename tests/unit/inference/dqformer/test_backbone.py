"""The Swin backbone, its pretrained weights, and the words inside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from transformers import SwinConfig, SwinForImageClassification

from contracts.errors import UserError
from inference.dqformer.backbone import Backbone
from inference.dqformer.config import BackboneConfig, DQFormerConfig
from inference.dqformer.language_backbone import LanguageBackbone, LanguageGate
from inference.dqformer.prompt_encoder import PromptEncoder, PromptTokenizer
from inference.dqformer.text import Words
from tests.unit.inference.dqformer import plain

TINY = DQFormerConfig.paper_tiny()
LANGUAGE = DQFormerConfig.paper_tiny(language_in_backbone=True)


def saved(folder: Path) -> BackboneConfig:
    """A classifier's checkpoint of the tiny Swin, as hubs have them."""
    torch.manual_seed(7)
    SwinForImageClassification(SwinConfig(**TINY.backbone.options)).save_pretrained(folder)
    return replace(TINY.backbone, pretrained=str(folder))


@pytest.mark.parametrize("hw", [(32, 32), (64, 96), (96, 160)])
def test_swin_strides_at_any_multiple_of_32(hw: tuple[int, int]) -> None:
    maps = Backbone(TINY.backbone).eval()(torch.rand(1, 3, *hw) * 255)
    assert [tuple(m.shape) for m in maps] == [
        (1, 8 * 2**i, hw[0] // (4 * 2**i), hw[1] // (4 * 2**i)) for i in range(4)
    ]


def test_pixels_are_normalised_by_channel() -> None:
    pixels = torch.tensor([0.0, 127.5, 255.0]).reshape(1, 3, 1, 1)
    expected = [(0 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    given = Backbone(TINY.backbone).normalise(pixels).flatten().tolist()
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


def test_absent_weights_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    paper = DQFormerConfig.paper()
    for build in (
        lambda: Backbone(paper.backbone),
        lambda: Backbone(replace(paper.backbone, pretrained="/nowhere/swin")),
        lambda: PromptEncoder(paper.text),  # type: ignore[arg-type]
        lambda: PromptTokenizer("google-bert/bert-base-uncased"),
    ):
        with pytest.raises(UserError, match=r"(swin|bert).*pretrained: null") as caught:
            build()
        assert "\n" not in str(caught.value)


def test_language_needs_a_swin() -> None:
    with pytest.raises(UserError, match="swin backbone, not resnet"):
        LanguageBackbone(DQFormerConfig(language_in_backbone=True))


def test_language_gate() -> None:
    torch.manual_seed(8)
    gate, pixels, states = LanguageGate(6, 8, 2), torch.randn(2, 5, 6), torch.randn(1, 2, 4, 8)
    gate.opening.data.normal_()
    mask = torch.tensor([[[True, True, True, False], [True, False, False, False]]])
    result = gate(pixels, Words(states, mask, states.mean(dim=2)))
    for prompt in range(2):
        x = plain.array(pixels[prompt])
        both = plain.linear(plain.array(states[0, prompt]), gate.key_value)
        queries = plain.linear(plain.layer_norm(x, gate.norm), gate.query)
        mixed = plain.attention(queries, both[:, :8], both[:, 8:], 2, mask[0, prompt].numpy())
        expected = x + np.tanh(plain.array(gate.opening)) * plain.linear(mixed, gate.out)
        np.testing.assert_allclose(plain.array(result[prompt]), expected, atol=1e-5)


def test_closed_gates_leave_the_plain_backbone() -> None:
    """Stage by stage as we run it, and as transformers does."""
    torch.manual_seed(9)
    backbone, image = LanguageBackbone(LANGUAGE).eval(), torch.rand(2, 3, 64, 96) * 255
    tokens, mask = torch.randn(2, 3, 4, 16), torch.ones(2, 3, 4, dtype=torch.bool)
    with_words, without = backbone(image, tokens, mask), backbone.backbone(image)
    for own, shared in zip(with_words, without, strict=True):
        torch.testing.assert_close(own, shared.repeat_interleave(3, dim=0), rtol=1e-4, atol=1e-5)
    backbone.gates[0].opening.data.fill_(1.0)
    assert not torch.allclose(backbone(image, tokens, mask)[0], with_words[0], atol=1e-3)
