"""Prompts on their way to the model and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.tensors import MOST_PROMPTS, decode_prompts, decode_text, encode_prompts, encode_text

texts = st.text(min_size=1).filter(str.strip)


@given(st.lists(texts, min_size=1, max_size=MOST_PROMPTS))
def test_prompts_come_back(prompts: list[str]) -> None:
    assert decode_prompts(encode_prompts(prompts)) == tuple(prompts)


@pytest.mark.parametrize(
    "raw", [b"", b"x", b"{}", b"[]", b"[1]", b'[" "]', b'["\xff"]', b'["x"' + b',"x"' * 64 + b"]"]
)
def test_other_bytes_are_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError):
        decode_prompts(np.frombuffer(raw, np.uint8))


def test_text() -> None:
    assert decode_text(encode_text("Kratzer, größer als 1 mm²")) == "Kratzer, größer als 1 mm²"
