"""Prompt features and the attention to them, against plain references."""

from __future__ import annotations

import numpy as np
import torch

from inference.dqformer.mask_group_transformer import WordAttention
from inference.dqformer.text import PromptFeatures, TextProjection
from tests.unit.inference.dqformer import plain

MASK = torch.tensor([[[True, True, True, False], [True, False, False, False]]])


def test_projection_and_mean() -> None:
    torch.manual_seed(0)
    projection, tokens = TextProjection(6, 8), torch.randn(1, 2, 4, 6)
    words = projection(tokens, MASK)
    first, middle, last = projection.project
    for prompt in range(2):
        rows = [
            plain.layer_norm(plain.linear(plain.layer_norm(plain.array(word), first), middle), last)
            for word in tokens[0, prompt]
        ]
        there = [row for row, real in zip(rows, MASK[0, prompt], strict=True) if real]
        np.testing.assert_allclose(plain.array(words.states[0, prompt]), rows, atol=1e-5)
        np.testing.assert_allclose(
            plain.array(words.mean[0, prompt]), sum(there) / len(there), atol=1e-5
        )


def test_word_attention() -> None:
    torch.manual_seed(1)
    layer, states = WordAttention(8, 2), torch.randn(1, 2, 4, 8)
    tokens = torch.randn(1, 2, 2, 8)
    result = layer(tokens, PromptFeatures(states, MASK, states.mean(dim=2)))
    for prompt in range(2):
        both = plain.linear(plain.array(states[0, prompt]), layer.key_value)
        queries = plain.linear(plain.array(tokens[0, prompt]), layer.query)
        mask = MASK[0, prompt].numpy()
        mixed = plain.attention(queries, both[:, :8], both[:, 8:], 2, mask)
        expected = plain.linear(mixed, layer.out)
        np.testing.assert_allclose(plain.array(result[0, prompt]), expected, atol=1e-5)
