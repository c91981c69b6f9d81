"""Asks the prompt encoder of the same Triton for token states (business logic scripting)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import triton_python_backend_utils as pb_utils

from contracts.errors import ModelUnavailable
from inference import tensors
from inference.serving.dlpack import exported
from inference.serving.prompt_cache import EncodedPrompt

ANSWERS = (tensors.STATES, tensors.TOKEN_MASK, tensors.VERSION)


class PromptStates:
    """Asks the model ``prompt_encoder`` of the same server.

    Attributes:
        version: names the weights that answered last; empty before the first answer.
    """

    def __init__(self) -> None:
        self.version = ""

    def encode(self, texts: Sequence[str]) -> list[EncodedPrompt]:
        """Return each text's token states. Raises ModelUnavailable if the encoder cannot answer."""
        encoded = exported(tensors.encode_prompts(texts))
        request = pb_utils.InferenceRequest(
            model_name=tensors.PROMPT_ENCODER,
            requested_output_names=list(ANSWERS),
            inputs=[pb_utils.Tensor.from_dlpack(tensors.PROMPTS, encoded)],
        )
        response = request.exec()
        if response.has_error():
            raise ModelUnavailable(f"{tensors.PROMPT_ENCODER}: {response.error().message()}")
        states, mask, version = (
            np.from_dlpack(pb_utils.get_output_tensor_by_name(response, name)).copy()
            for name in ANSWERS
        )
        self.version = tensors.decode_text(version)
        return [EncodedPrompt(*pair) for pair in zip(states, mask.astype(bool), strict=True)]
