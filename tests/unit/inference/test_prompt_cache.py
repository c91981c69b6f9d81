"""Prompts of dqformer on Triton: encoded once, bounded."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from types import ModuleType

import numpy as np
import pytest

from referee.project import MODELS


@pytest.fixture(scope="module")
def prompts() -> ModuleType:
    """Loaded by path, as Triton does: nothing imports the model repository."""
    path = MODELS / "dqformer" / "1" / "prompts.py"
    spec = importlib.util.spec_from_file_location("prompts", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Encoder:
    """States tell the text's length."""

    def __init__(self, prompts: ModuleType) -> None:
        self._prompts = prompts
        self.asked: list[list[str]] = []

    def __call__(self, words: Sequence[str]) -> list:
        self.asked.append(list(words))
        return [self._prompts.Prompt(np.full((2, 3), len(w)), np.ones(2, bool)) for w in words]


def test_asks_only_for_what_it_has_not(prompts: ModuleType) -> None:
    encode = Encoder(prompts)
    cache = prompts.PromptCache(encode, 8)
    cache.encodings(["a", "bb"])
    states, mask = cache.encodings(["ccc", "a", "ccc"])
    assert encode.asked == [["a", "bb"], ["ccc"]]
    assert states[:, 0, 0].tolist() == [3, 1, 3]
    assert mask.shape == (3, 2)


def test_least_recently_used_goes_first_and_one_request_may_exceed_the_bound(
    prompts: ModuleType,
) -> None:
    encode = Encoder(prompts)
    cache = prompts.PromptCache(encode, 2)
    cache.encodings(["a", "b"])
    cache.encodings(["a"])
    cache.encodings(["c"])  # "b" goes
    cache.encodings(["a"])
    cache.encodings(["b"])
    assert encode.asked == [["a", "b"], ["c"], ["b"]]
    states, _ = cache.encodings(["a", "b", "c", "dd"])
    assert states[:, 0, 0].tolist() == [1, 1, 1, 2]
