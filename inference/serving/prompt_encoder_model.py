"""Triton's Python backend: prompts to the token states of a frozen BERT."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

from inference import tensors
from inference.serving.dlpack import exported
from inference.serving.server_watch import end_with_server
from inference.text_encoder import TextEncoder


class PromptEncoderModel:
    """Encodes each text by itself, so that its states do not depend on its neighbours."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the encoder from the folder that REFEREE_TEXT_ENCODER names, and warm it up."""
        self._encoder = TextEncoder(Path(os.environ["REFEREE_TEXT_ENCODER"]))
        self._version = f"text-{self._encoder.sha256()[:8]}"
        self._encoder.encode(["any defect"])
        end_with_server()

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list:
        """Return one answer a request; a bad prompt fails only its own request."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
        prompts = pb_utils.get_input_tensor_by_name(request, tensors.PROMPTS)
        try:
            tokens = self._encoder.encode(list(tensors.decode_prompts(np.from_dlpack(prompts))))
        except ValueError as error:  # not a list of texts, or a blank one
            invalid = pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG)
            return pb_utils.InferenceResponse(error=invalid)
        outputs = {
            tensors.STATES: tokens.states,
            tensors.TOKEN_MASK: tokens.mask.astype(np.uint8),
            tensors.VERSION: tensors.encode_text(self._version),
        }
        return pb_utils.InferenceResponse(
            [pb_utils.Tensor.from_dlpack(name, exported(value)) for name, value in outputs.items()]
        )
