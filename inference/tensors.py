"""What the model on Triton takes and answers, by name: shared by the server's side and the client.

All tensors of the network carry a leading batch axis of 1 in a request and its answer, because
Triton batches requests of several stations along it.

Text travels as UINT8, the bytes of its UTF-8 or JSON, and the models read and write tensors by
DLPack. The Python backend's stub (Triton 24.10) was built against numpy 1: under numpy 2 its string
tensors end the model's process, ``as_numpy()`` gives the first value over and over, and
``Tensor(name, array)`` sends nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

PROMPT_ENCODER = "prompt_encoder"

IMAGE = "image"
"""UINT8 [bytes]: a PNG or JPEG file, as the camera gave it."""
PROMPTS = "prompts"
"""UINT8 [bytes]: JSON list of N prompt texts; see ``encode_prompts``."""

PRESENCE = "presence"
"""FP32 [N]: logit; above 0 the prompt refers to something in the picture."""
MARGIN = "margin"
"""FP32 [N, h, w]: Anomaly minus Background logit on the network's grid, padding included."""
SENSOR_SIZE = "sensor_size"
"""INT32 [2]: height and width of the decoded picture."""
NETWORK_SIZE = "network_size"
"""INT32 [2]: height and width of what the network saw, padding included; the margin covers it."""
CONTENT_SIZE = "content_size"
"""INT32 [2]: height and width of the picture within that, in network pixels."""
MODEL_VERSION = "model_version"
"""UINT8 [bytes]: UTF-8; names the weights that answered."""
TIMINGS = "timings_ms"
"""FP32 [3]: milliseconds of each of ``STEPS``."""
STEPS = ("decode", "words", "network")

STATES = "states"
"""FP32 [N, 32, 384]: token states of the prompt encoder."""
TOKEN_MASK = "mask"
"""UINT8 [N, 32]: 1 where there is a token."""
VERSION = "version"
"""UINT8 [bytes]: UTF-8; names the prompt encoder's weights."""

MOST_PROMPTS = 64
"""Prompts in one request."""
BAD_IMAGE = "bad_image: "
"""Begins the error text of a request whose bytes are not a picture that can be inspected."""


def encode_text(text: str) -> np.ndarray:
    """Return (bytes,) uint8, UTF-8."""
    return np.frombuffer(text.encode(), np.uint8)


def decode_text(tensor: np.ndarray) -> str:
    """Return the text of ``encode_text``. Raises ValueError if it is not UTF-8."""
    return tensor.tobytes().decode()


def encode_prompts(texts: Sequence[str]) -> np.ndarray:
    """Return prompt texts as (bytes,) uint8."""
    return encode_text(json.dumps(list(texts), ensure_ascii=False))


def decode_prompts(tensor: np.ndarray) -> tuple[str, ...]:
    """Return the texts of ``encode_prompts``.

    Raises:
        ValueError: not a JSON list of 1 to ``MOST_PROMPTS`` texts, or a text is blank.
    """
    texts = json.loads(decode_text(tensor))
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("prompts are not a JSON list of texts")
    if not 0 < len(texts) <= MOST_PROMPTS:
        raise ValueError(f"{len(texts)} prompts: a request has 1 to {MOST_PROMPTS}")
    if not all(text.strip() for text in texts):
        raise ValueError("a prompt is empty: write what a defect looks like")
    return tuple(texts)
