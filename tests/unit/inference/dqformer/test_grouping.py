"""Positions and grouping against their equations, one pixel at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inference.dqformer.mask_group_transformer import (
    LARGEST_LOG_SCALE,
    GroupingLayer,
    MaskGroupTransformer,
    sine_positions,
)
from inference.dqformer.text import PromptFeatures
from tests.unit.inference.dqformer import plain


def words_of(batch: int, prompts: int, width: int) -> PromptFeatures:
    states = torch.randn(batch, prompts, 5, width)
    mask = torch.ones(batch, prompts, 5, dtype=torch.bool)
    return PromptFeatures(states, mask, states.mean(dim=2))


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).sum(-1, keepdims=True))


def test_sine_positions() -> None:
    given = sine_positions(3, 5, 16, torch.zeros(1)).reshape(3, 5, 16)
    np.testing.assert_allclose(plain.array(given), plain.sines(3, 5, 16), atol=1e-4)


@pytest.mark.parametrize("log_scale", [2.0, 9.0])
def test_grouping_layer(log_scale: float) -> None:
    """All of a layer in numpy; the larger scale is beyond the bound."""
    torch.manual_seed(2)
    layer, level, tokens = GroupingLayer(8, 2), torch.randn(1, 8, 2, 3), torch.randn(1, 2, 2, 8)
    layer.log_scale.data.fill_(log_scale)
    words = words_of(1, 2, 8)
    result = layer(tokens, words, level)
    heard = plain.array(tokens + layer.words(layer.norm_words(tokens), words))
    scale, sines = np.exp(min(log_scale, LARGEST_LOG_SCALE)), plain.sines(2, 3, 8)
    for prompt in range(2):
        z = heard[0, prompt]
        query = unit(plain.linear(plain.layer_norm(z, layer.norm_group), layer.query))
        summed, weight = np.zeros((2, 8)), np.zeros((2, 1))
        for y in range(2):
            for x in range(3):
                pixel = plain.array(level[0, :, y, x])
                key = unit(plain.linear(pixel + sines[y, x], layer.key))
                similarity = scale * query @ key
                share = plain.softmax(similarity)[:, None]  # each pixel is shared out whole
                summed, weight = summed + share * plain.linear(pixel, layer.value), weight + share
                margin = similarity[0] - similarity[1]
                assert float(result.margin[0, prompt, y, x].detach()) == pytest.approx(
                    margin, rel=1e-4, abs=1e-4
                )
        assert weight.sum() == pytest.approx(6)
        z = z + plain.linear(summed / (weight + 1), layer.out)
        narrow, _, wide = layer.mlp
        hidden = plain.gelu(plain.linear(plain.layer_norm(z, layer.norm_mlp), narrow))
        z = z + plain.linear(hidden, wide)
        np.testing.assert_allclose(plain.array(result.tokens[0, prompt]), z, atol=2e-5)


def test_layers_go_from_coarse_to_fine() -> None:
    torch.manual_seed(3)
    transformer, words = MaskGroupTransformer(8, 2, 3), words_of(1, 2, 8)
    levels = [torch.randn(1, 8, size, size) for size in (8, 4, 2, 1)]
    tokens, margins = transformer(words, levels)
    by_hand = transformer.tokens + words.mean.unsqueeze(2)
    for layer, level, margin in zip(transformer.layers, levels[:0:-1], margins, strict=True):
        by_hand, expected = layer(by_hand, words, level)
        assert torch.equal(margin, expected)
    assert torch.equal(tokens, by_hand)
