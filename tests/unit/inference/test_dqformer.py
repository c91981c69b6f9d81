"""The model's equations against plain ones, and the promises of its outputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from inference.dqformer.config import DQFormerConfig
from inference.dqformer.decoder import Refinement
from inference.dqformer.lma import LanguageGatedAggregation
from inference.dqformer.mask_group_transformer import GroupingLayer, sine_positions
from inference.dqformer.model import DQFormer
from inference.dqformer.text import Words

from .conftest import TINY


@pytest.fixture
def model() -> DQFormer:
    torch.manual_seed(0)
    return DQFormer(TINY).eval()


def inputs(images: int = 2, prompts: int = 3, hw: tuple[int, int] = (64, 96)) -> tuple[Tensor, ...]:
    torch.manual_seed(1)
    tokens = torch.randn(images, prompts, 6, TINY.text_width)
    mask = torch.arange(6) < torch.tensor([6, 4, 3])[:prompts, None]
    return torch.rand(images, 3, *hw) * 255, tokens, mask.expand(images, -1, -1)


def words_of(batch: int, prompts: int, width: int) -> Words:
    states = torch.randn(batch, prompts, 5, width)
    mask = torch.ones(batch, prompts, 5, dtype=torch.bool)
    return Words(states, mask, states.mean(dim=2))


def test_shapes(model: DQFormer) -> None:
    output = model(*inputs())
    assert output.margin.shape == (2, 3, 32, 48)
    assert output.presence.shape == (2, 3)
    assert [tuple(g.shape[2:]) for g in output.groupings] == [(2, 3), (4, 6), (8, 12)]


def test_evaluation_is_deterministic(model: DQFormer) -> None:
    first, second = model(*inputs()), model(*inputs())
    assert torch.equal(first.margin, second.margin)
    assert torch.equal(first.presence, second.presence)


def test_a_prompt_is_answered_alike_in_any_company(model: DQFormer) -> None:
    image, tokens, mask = inputs()
    together = model(image, tokens, mask)
    alone = model(image[1:], tokens[1:, 2:], mask[1:, 2:])
    torch.testing.assert_close(together.margin[1:, 2:], alone.margin, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(together.presence[1:, 2:], alone.presence, rtol=1e-3, atol=1e-4)


def test_padded_words_change_nothing(model: DQFormer) -> None:
    image, tokens, mask = inputs()
    changed = torch.where(mask[..., None], tokens, torch.full_like(tokens, 9.0))
    first, second = model(image, tokens, mask), model(image, changed, mask)
    torch.testing.assert_close(first.margin, second.margin)


def test_words_matter(model: DQFormer) -> None:
    image, tokens, mask = inputs()
    other = model(image, tokens.flip(1), mask)
    assert (model(image, tokens, mask).margin[:, 0] - other.margin[:, 0]).abs().max() > 1e-4


def test_grouping_follows_its_equations() -> None:
    torch.manual_seed(2)
    layer, level, tokens = GroupingLayer(8, 2), torch.randn(1, 8, 2, 3), torch.randn(1, 2, 2, 8)
    words = words_of(1, 2, 8)
    with torch.no_grad():
        result = layer(tokens, words, level)
        heard = tokens + layer.words(layer.norm_words(tokens), words)
        positions = level[0].reshape(8, 6).T
        keys = layer.key(positions + sine_positions(2, 3, 8, level)).numpy()
        values = layer.value(positions).numpy()
        for prompt in range(2):
            query = layer.query(layer.norm_group(heard[0, prompt])).numpy()
            cosine = (query / np.linalg.norm(query, axis=1, keepdims=True)) @ (
                keys / np.linalg.norm(keys, axis=1, keepdims=True)
            ).T
            similarity = cosine * np.exp(float(layer.log_scale))
            shares = np.exp(similarity) / np.exp(similarity).sum(axis=0)
            grouped = shares @ values / (shares.sum(axis=1, keepdims=True) + 1)
            z = heard[0, prompt] + layer.out(torch.from_numpy(grouped).float())
            z = z + layer.mlp(layer.norm_mlp(z))
            torch.testing.assert_close(result.tokens[0, prompt], z, rtol=1e-4, atol=1e-5)
            margin = torch.from_numpy(similarity[0] - similarity[1]).float().reshape(2, 3)
            torch.testing.assert_close(result.margin[0, prompt], margin, rtol=1e-4, atol=1e-5)


def test_gating_the_token_equals_gating_the_features() -> None:
    """The gated features that are never made give the same margin as the gated token."""
    torch.manual_seed(3)
    aggregation = LanguageGatedAggregation(8)
    level, tokens = torch.randn(2, 8, 4, 4), torch.randn(2, 3, 2, 8)
    heard = torch.randn(2, 3, 16)
    with torch.no_grad():
        margin = aggregation._level(1, tokens, heard, level)
        gate = 2 * torch.sigmoid(aggregation.gates[1](heard))
        gated = gate[..., None, None] * level[:, None]  # (B, N, C, H, W)
        key = aggregation.keys[1](tokens)
        logits = torch.einsum("bnpd,bndhw->bnphw", key, gated) / 8**0.5
    expected = logits[:, :, 0] - logits[:, :, 1] + aggregation.bias[1]
    torch.testing.assert_close(margin, expected, rtol=1e-4, atol=1e-5)


def test_refinement_per_prompt_equals_a_plain_convolution() -> None:
    torch.manual_seed(4)
    refinement, margin = Refinement(8, 4), torch.randn(1, 2, 5, 6)
    finest = torch.randn(1, 8, 5, 6)
    with torch.no_grad():
        together = refinement(margin, finest)
        alone = refinement(margin[:, 1:], finest)
    torch.testing.assert_close(together[:, 1:], alone)
    assert together.shape == (1, 2, 10, 12)


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(0)
    model = DQFormer(TINY).train()
    output = model(*inputs())
    total = output.margin.square().mean() + output.presence.square().mean()
    (total + sum(g.square().mean() for g in output.groupings)).backward()
    dead = [
        name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0
    ]
    assert dead == []


def test_configuration_round_trip() -> None:
    assert DQFormerConfig.from_dict(TINY.to_dict()) == TINY
    with pytest.raises(TypeError):
        DQFormerConfig.from_dict({"widht": 3})


def test_the_edge_model_is_small() -> None:
    count = sum(p.numel() for p in DQFormer(DQFormerConfig()).parameters())
    assert count <= 10_000_000
