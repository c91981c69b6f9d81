"""Token states of prompts, encoded once and kept by text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np


class EncodedPrompt(NamedTuple):
    """One encoded prompt text.

    Attributes:
        states: (L, 384) float32.
        mask: (L,) bool.
    """

    states: np.ndarray
    mask: np.ndarray


class PromptCache:
    """The newest ``largest`` texts; the least recently used goes first."""

    def __init__(
        self, encode: Callable[[Sequence[str]], list[EncodedPrompt]], largest: int
    ) -> None:
        self._encode = encode
        self._largest = largest
        self._kept: OrderedDict[str, EncodedPrompt] = OrderedDict()

    def encodings(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return states (N, L, 384) and mask (N, L) of ``texts``. Raises what ``encode`` raises."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._kept]
        fresh = dict(zip(missing, self._encode(missing), strict=True)) if missing else {}
        chosen = [fresh.get(text) or self._kept[text] for text in texts]
        self._keep(dict(zip(texts, chosen, strict=True)))
        return np.stack([p.states for p in chosen]), np.stack([p.mask for p in chosen])

    def _keep(self, used: dict[str, EncodedPrompt]) -> None:
        for text, prompt in used.items():
            self._kept[text] = prompt
            self._kept.move_to_end(text)
        while len(self._kept) > self._largest:
            self._kept.popitem(last=False)
