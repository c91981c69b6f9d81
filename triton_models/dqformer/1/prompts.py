"""Token states of prompts, asked of the prompt encoder once and kept by text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import triton_python_backend_utils as pb_utils

from contracts.errors import ModelUnavailable
from inference import tensors
from inference.dlpack import exported


class Prompt(NamedTuple):
    """One encoded text.

    Attributes:
        states: (L, 384) float32.
        mask: (L,) bool.
    """

    states: np.ndarray
    mask: np.ndarray


class PromptCache:
    """The newest ``largest`` texts, least recently used out first."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._kept: OrderedDict[str, Prompt] = OrderedDict()
        self.encoder_version = ""

    def encodings(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """States (N, L, 384) and mask (N, L) in the order of ``words``.

        Raises:
            ModelUnavailable: the prompt encoder is not there, or failed.
        """
        missing = [text for text in dict.fromkeys(words) if text not in self._kept]
        fresh = dict(zip(missing, self._encode(missing), strict=True)) if missing else {}
        chosen = [fresh.get(text) or self._kept[text] for text in words]
        self._keep(dict(zip(words, chosen, strict=True)))
        return np.stack([p.states for p in chosen]), np.stack([p.mask for p in chosen])

    def _keep(self, used: dict[str, Prompt]) -> None:
        for text, prompt in used.items():
            self._kept[text] = prompt
            self._kept.move_to_end(text)
        while len(self._kept) > self._largest:
            self._kept.popitem(last=False)

    def _encode(self, words: Sequence[str]) -> list[Prompt]:
        encoded = tensors.encode_words(words)
        request = pb_utils.InferenceRequest(
            model_name=tensors.PROMPT_ENCODER,
            requested_output_names=[tensors.STATES, tensors.TOKEN_MASK, tensors.VERSION],
            inputs=[pb_utils.Tensor.from_dlpack(tensors.WORDS, exported(encoded))],
        )
        response = request.exec()
        if response.has_error():
            raise ModelUnavailable(f"{tensors.PROMPT_ENCODER}: {response.error().message()}")
        states, mask, version = (
            np.from_dlpack(pb_utils.get_output_tensor_by_name(response, name)).copy()
            for name in (tensors.STATES, tensors.TOKEN_MASK, tensors.VERSION)
        )
        self.encoder_version = tensors.decode_text(version)
        return [Prompt(*pair) for pair in zip(states, mask.astype(bool), strict=True)]
