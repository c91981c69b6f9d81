"""Words and word pieces, against plain references."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from inference.dqformer.config import BERT_TINY, TextConfig
from inference.dqformer.mask_group_transformer import WordAttention
from inference.dqformer.prompt_encoder import PromptEncoder, PromptTokenizer
from inference.dqformer.text import TextProjection, Words
from inference.text_encoder import TextEncoder
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
    result = layer(tokens, Words(states, MASK, states.mean(dim=2)))
    for prompt in range(2):
        both = plain.linear(plain.array(states[0, prompt]), layer.key_value)
        queries = plain.linear(plain.array(tokens[0, prompt]), layer.query)
        mask = MASK[0, prompt].numpy()
        mixed = plain.attention(queries, both[:, :8], both[:, 8:], 2, mask)
        expected = plain.linear(mixed, layer.out)
        np.testing.assert_allclose(plain.array(result[0, prompt]), expected, atol=1e-5)


def test_torch_and_numpy_encode_a_prompt_alike(encoder: TextEncoder, encoder_folder: Path) -> None:
    """The same weights through transformers' BERT and through our own."""
    texts = ["any defect", "the thin dark crack near the lower left corner"]
    shape = {"num_hidden_layers": 6, "hidden_size": 384}
    in_torch = PromptEncoder(TextConfig("bert", shape, str(encoder_folder)))
    ids, mask = PromptTokenizer(str(encoder_folder))(texts)
    expected = encoder.encode(texts)
    np.testing.assert_array_equal(mask.numpy(), expected.mask[:, : mask.shape[1]])
    states = in_torch(ids, mask).numpy()
    np.testing.assert_allclose(states, expected.states[:, : mask.shape[1]], atol=1e-4)


def test_prompts_of_a_batch_are_encoded_each_by_itself() -> None:
    torch.manual_seed(2)
    encoder = PromptEncoder(TextConfig(options=dict(BERT_TINY), frozen=False)).eval()
    ids = torch.randint(1, 1000, (1, 2, 4))
    together = encoder(ids, MASK)
    assert together.shape == (1, 2, 4, 16)
    alone = encoder(ids[:, 1:, :1], MASK[:, 1:, :1])
    torch.testing.assert_close(together[:, 1:, :1], alone, atol=1e-5, rtol=1e-4)
    assert not together[~MASK].any()


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_encoder_neither_learns_nor_drops_out(frozen: bool) -> None:
    encoder = PromptEncoder(TextConfig(options=dict(BERT_TINY), frozen=frozen)).train()
    ids = torch.arange(4)[None]
    states = encoder(ids, torch.ones(1, 4, dtype=torch.bool))
    assert states.requires_grad is not frozen
    again = encoder(ids, torch.ones(1, 4, dtype=torch.bool))
    assert torch.equal(states, again) is frozen
    if not frozen:
        states.square().sum().backward()
        assert all(
            p.grad is not None and p.grad.abs().sum() > 0
            for name, p in encoder.named_parameters()
            if "key.bias" not in name  # adds the same to every score: a softmax does not see it
        )


def test_tokenizer_refuses_a_blank_and_cuts_the_long(
    encoder_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokenizer = PromptTokenizer(str(encoder_folder))
    with pytest.raises(ValueError, match="empty"):
        tokenizer(["crack", " "])
    assert tokenizer(["crack " * 40]).ids.shape == (1, 32)
    assert "cut to 32" in caplog.text
