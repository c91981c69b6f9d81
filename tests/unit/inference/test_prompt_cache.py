"""Prompts of the network on Triton: encoded once, bounded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.serving.prompt_cache import EncodedPrompt, PromptCache


class Encoder:
    """States tell the text's length."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> list[EncodedPrompt]:
        self.asked.append(list(texts))
        return [EncodedPrompt(np.full((2, 3), len(text)), np.ones(2, bool)) for text in texts]


def test_asks_only_for_what_it_has_not() -> None:
    encode = Encoder()
    cache = PromptCache(encode, 8)
    cache.encodings(["a", "bb"])
    states, mask = cache.encodings(["ccc", "a", "ccc"])
    assert encode.asked == [["a", "bb"], ["ccc"]]
    assert states[:, 0, 0].tolist() == [3, 1, 3]
    assert mask.shape == (3, 2)


def test_least_recently_used_goes_first_and_one_request_may_exceed_the_bound() -> None:
    encode = Encoder()
    cache = PromptCache(encode, 2)
    cache.encodings(["a", "b"])
    cache.encodings(["a"])
    cache.encodings(["c"])  # "b" goes
    cache.encodings(["a"])
    cache.encodings(["b"])
    assert encode.asked == [["a", "b"], ["c"], ["b"]]
    states, _ = cache.encodings(["a", "b", "c", "dd"])
    assert states[:, 0, 0].tolist() == [1, 1, 1, 2]
