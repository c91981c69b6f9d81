"""Aggregation, refinement, presence and pyramid against plain versions of themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from inference.dqformer.decoder import STRONGEST, Presence, Refinement
from inference.dqformer.lma import LanguageGatedAggregation
from inference.dqformer.pyramid import FeaturePyramid
from inference.dqformer.text import PromptFeatures
from tests.unit.inference.dqformer import plain


def mean_only(mean: Tensor) -> PromptFeatures:
    return PromptFeatures(mean.unsqueeze(2), torch.ones(*mean.shape[:2], 1, dtype=torch.bool), mean)


def test_aggregation_equals_features_gated_for_each_prompt() -> None:
    """Features of N x C x H x W, each gated, contracted with both keys, resized as two logits."""
    torch.manual_seed(3)
    layer, mean, tokens = LanguageGatedAggregation(8), torch.randn(2, 3, 8), torch.randn(2, 3, 2, 8)
    layer.bias.data.normal_()
    levels = [torch.randn(2, 8, size, 2 * size) for size in (8, 4, 2, 1)]
    result = layer(tokens, mean_only(mean), levels)
    located = [*levels[:3], levels[3] + torch.from_numpy(plain.sines(1, 2, 8)).permute(2, 0, 1)]
    normed = layer.norm(tokens)
    heard = torch.cat([mean, normed[:, :, 0]], dim=-1)
    total = torch.zeros(2, 3, 2, 1, 2)
    for index in (3, 2, 1, 0):
        gate = 2 / (1 + torch.exp(-layer.gates[index](heard)))
        gated = gate[..., None, None] * located[index].float().unsqueeze(1)  # (B, N, C, H, W)
        logits = torch.stack(
            [(layer.keys[index](normed)[:, :, p, :, None, None] * gated).sum(2) for p in (0, 1)], 2
        )
        if index < 3:
            total = F.interpolate(total.flatten(1, 2), scale_factor=2.0, mode="bilinear")
            total = total.unflatten(1, (3, 2))
        total = (
            total + logits / 8**0.5 + layer.bias[index] * torch.tensor([1.0, 0.0]).reshape(2, 1, 1)
        )
    expected = total[:, :, 0] - total[:, :, 1]
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)


def test_refinement() -> None:
    torch.manual_seed(4)
    refinement, margin = Refinement(8, 4), torch.randn(1, 2, 3, 4)
    finest = torch.randn(1, 8, 3, 4)
    result = refinement(margin, finest)
    shared = plain.convolution(plain.array(finest[0]), refinement.from_features)
    for prompt in range(2):
        own = plain.array(margin[0, prompt])
        hidden = np.maximum(shared + plain.convolution(own[None], refinement.from_margin), 0)
        quarters = plain.convolution(hidden, refinement.out)
        expected = plain.doubled(own)
        for y in range(6):
            for x in range(8):
                expected[y, x] += quarters[2 * (y % 2) + x % 2, y // 2, x // 2]
        np.testing.assert_allclose(plain.array(result[0, prompt]), expected, atol=1e-5)


def test_presence() -> None:
    torch.manual_seed(5)
    presence, tokens, mean = Presence(8), torch.randn(1, 2, 2, 8), torch.randn(1, 2, 8)
    margin = torch.randn(1, 2, 9, 10)
    result = presence(tokens, mean_only(mean), margin)
    first, _, last = presence.mlp
    for prompt in range(2):
        largest = sorted(margin[0, prompt].flatten().tolist(), reverse=True)[:STRONGEST]
        both = plain.layer_norm(plain.array(tokens[0, prompt]).reshape(-1), presence.norm)
        summary = [largest[0], sum(largest) / STRONGEST]
        seen = np.concatenate([both, plain.array(mean[0, prompt]), summary])
        expected = plain.linear(plain.gelu(plain.linear(seen, first)), last)
        np.testing.assert_allclose(plain.array(result[0, prompt]), expected[0], atol=1e-5)


def test_pyramid() -> None:
    torch.manual_seed(6)
    pyramid = FeaturePyramid([3, 4, 5, 6], 4)
    pyramid.train()
    maps = [torch.randn(2, c, s, s) for c, s in zip((3, 4, 5, 6), (8, 4, 2, 1), strict=True)]
    pyramid([torch.randn_like(m) for m in maps])  # running figures that are not 0 and 1
    levels = pyramid.eval()(maps)
    above = None
    for index in (3, 2, 1, 0):
        here = plain.convolution(plain.array(maps[index][0]), pyramid.lateral[index])
        if above is not None:
            here += above.repeat(2, axis=1).repeat(2, axis=2)  # nearest neighbour
        smooth: Any = pyramid.smooth[index]
        *convolutions, norm, _ = smooth
        for convolution in convolutions:
            here = plain.convolution(here, convolution)
        above = np.maximum(plain.batch_norm(here, norm), 0)
        np.testing.assert_allclose(plain.array(levels[index][0]), above, atol=1e-5)
