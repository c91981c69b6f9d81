"""What every configuration promises of its answers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from inference.dqformer.config import DQFormerConfig
from inference.dqformer.model import DQFormer
from tests.tiny import TINY, TINY_SWIN

CONFIGURATIONS = {"resnet": TINY, "swin": replace(TINY, backbone=TINY_SWIN)}


@pytest.fixture(params=list(CONFIGURATIONS))
def config(request: pytest.FixtureRequest) -> DQFormerConfig:
    return CONFIGURATIONS[request.param]


@pytest.fixture
def model(config: DQFormerConfig) -> DQFormer:
    return built(config).eval()


def built(config: DQFormerConfig) -> DQFormer:
    torch.manual_seed(0)
    return DQFormer(config)


def inputs(config: DQFormerConfig) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    tokens = torch.randn(2, 3, 6, config.text_width)
    mask = torch.arange(6) < torch.tensor([6, 4, 3])[:, None]
    return torch.rand(2, 3, 64, 96) * 255, tokens, mask.expand(2, -1, -1)


def test_shapes(model: DQFormer) -> None:
    output = model(*inputs(model.config))
    assert output.margin.shape == (2, 3, 32, 48)
    assert output.presence.shape == (2, 3)
    assert [tuple(g.shape) for g in output.groupings] == [
        (2, 3, 2, 3),
        (2, 3, 4, 6),
        (2, 3, 8, 12),
    ]


def test_evaluation_is_deterministic(model: DQFormer) -> None:
    first, second = model(*inputs(model.config)), model(*inputs(model.config))
    assert torch.equal(first.margin, second.margin)
    assert torch.equal(first.presence, second.presence)


def test_prompts_and_images_are_answered_alike_in_any_company(model: DQFormer) -> None:
    image, tokens, mask = inputs(model.config)
    together = model(image, tokens, mask)
    for i in range(2):
        for n in range(3):
            alone = model(image[i, None], tokens[i, None, n, None], mask[i, None, n, None])
            near = partial(torch.testing.assert_close, rtol=1e-3, atol=1e-4)
            near(together.margin[i, n], alone.margin[0, 0])
            near(together.presence[i, n], alone.presence[0, 0])
            for many, one in zip(together.groupings, alone.groupings, strict=True):
                near(many[i, n], one[0, 0])


def test_padded_words_change_nothing(model: DQFormer) -> None:
    image, tokens, mask = inputs(model.config)
    changed = torch.where(mask[..., None], tokens, torch.full_like(tokens, 9.0))
    first, second = model(image, tokens, mask), model(image, changed, mask)
    torch.testing.assert_close(first.margin, second.margin)
    torch.testing.assert_close(first.presence, second.presence)


def test_words_matter(model: DQFormer) -> None:
    image, tokens, mask = inputs(model.config)
    other = model(image, tokens.flip(1), mask)
    assert (model(image, tokens, mask).margin[:, 0] - other.margin[:, 0]).abs().max() > 1e-4


def test_gradients_reach_every_parameter(config: DQFormerConfig) -> None:
    model = built(config).train()
    backward(model)
    dead = [
        name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0
    ]
    assert dead == []


def backward(model: DQFormer) -> None:
    output = model(*inputs(model.config))
    total = output.margin.square().mean() + output.presence.square().mean()
    (total + sum(g.square().mean() for g in output.groupings)).backward()


def test_configuration_round_trip(config: DQFormerConfig) -> None:
    assert DQFormerConfig.from_dict(config.to_dict()) == config


def test_configuration_names_are_checked() -> None:
    with pytest.raises(TypeError):
        DQFormerConfig.from_dict({"widht": 3})


@pytest.mark.parametrize(("name", "value"), [("text", {}), ("language_in_backbone", True)])
def test_a_removed_setting_is_read_only_if_it_was_not_in_use(name: str, value: Any) -> None:
    unused = {"text": None, "language_in_backbone": False}
    assert DQFormerConfig.from_dict({"width": 16, **unused}) == DQFormerConfig(width=16)
    with pytest.raises(TypeError, match=f"{name} was removed"):
        DQFormerConfig.from_dict({name: value})


def test_the_default_is_small() -> None:
    count = sum(p.numel() for p in DQFormer(DQFormerConfig()).parameters())
    assert count <= 10_000_000
