"""The prompt encoder, asked through Triton itself (business logic scripting)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import triton_python_backend_utils as pb_utils
from prompts import Prompt

from contracts.errors import ModelUnavailable
from inference import tensors
from inference.dlpack import exported

ANSWERS = (tensors.STATES, tensors.TOKEN_MASK, tensors.VERSION)


class PromptEncoder:
    """Asks the model ``prompt_encoder`` of the same server.

    Attributes:
        version: names the weights that answered last; empty before the first answer.
    """

    def __init__(self) -> None:
        self.version = ""

    def encode(self, words: Sequence[str]) -> list[Prompt]:
        """Each text's token states. Raises ModelUnavailable: it is not there, or failed."""
        encoded = exported(tensors.encode_words(words))
        request = pb_utils.InferenceRequest(
            model_name=tensors.PROMPT_ENCODER,
            requested_output_names=list(ANSWERS),
            inputs=[pb_utils.Tensor.from_dlpack(tensors.WORDS, encoded)],
        )
        response = request.exec()
        if response.has_error():
            raise ModelUnavailable(f"{tensors.PROMPT_ENCODER}: {response.error().message()}")
        states, mask, version = (
            np.from_dlpack(pb_utils.get_output_tensor_by_name(response, name)).copy()
            for name in ANSWERS
        )
        self.version = tensors.decode_text(version)
        return [Prompt(*pair) for pair in zip(states, mask.astype(bool), strict=True)]
