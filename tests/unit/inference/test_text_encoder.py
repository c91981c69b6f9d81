"""The numpy text encoder is the transformers one; there is only one text path."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertModel

from inference.text_encoder import MAX_TOKENS, SHA256, TextEncoder

TEXTS = ["any defect", "a thin dark crack near the lower left corner", "Äußere Kratzer, 2 mm!"]


def test_it_is_the_encoder_that_the_design_names(encoder: TextEncoder) -> None:
    assert encoder.sha256() == SHA256


def test_states_equal_those_of_transformers(encoder: TextEncoder, encoder_folder: Path) -> None:
    model = BertModel.from_pretrained(encoder_folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(encoder_folder)
    encoded = encoder.encode(TEXTS)
    for index, text in enumerate(TEXTS):
        with torch.no_grad():
            expected = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy()
        length = len(expected)
        assert encoded.mask[index].tolist() == [True] * length + [False] * (MAX_TOKENS - length)
        assert np.abs(encoded.states[index, :length] - expected).max() < 1e-4
        assert not encoded.states[index, length:].any()


def test_a_text_is_encoded_alike_in_any_company(encoder: TextEncoder) -> None:
    together, alone = encoder.encode(TEXTS), encoder.encode(TEXTS[1:2])
    assert np.array_equal(together.states[1], alone.states[0])


def test_a_long_text_is_cut_with_a_warning(
    encoder: TextEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        encoded = encoder.encode(["scratch " * 40])
    assert encoded.mask.sum() == MAX_TOKENS
    assert "cut to 32 tokens" in caplog.text


def test_an_empty_text_is_an_error(encoder: TextEncoder) -> None:
    with pytest.raises(ValueError, match="empty"):
        encoder.encode(["  "])


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        TextEncoder(tmp_path)
