"""What answers the questions of an evaluation: the network in process, or served as on the line.

Nothing here imports torch: the served network is measured on machines that only serve.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from inference.imaging import MAX_SIDE_PX, margin_to_sensor, to_network
from inference.perception import Perception
from inference.text_encoder import MAX_TOKENS, STATE_WIDTH, PromptTokens, TextEncoder

NO_WORDS = ""
"""Asked of an engine that knows silence: all token states are zero."""
SERVED_TIMEOUT_S = 60.0
FAST_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1)


class Prediction(NamedTuple):
    """Attributes:
    margin: (N, H, W) float32 at sensor pixels; the mask is margin > 0.
    presence: (N,) float32 logits.
    """

    margin: np.ndarray
    presence: np.ndarray


class Predictor(Protocol):
    def predict(self, image_rgb: np.ndarray, prompts: PromptTokens) -> Prediction:
        """(H, W, 3) uint8 and N prompts."""
        ...


class Engine(Protocol):
    """A network that is asked in words.

    Attributes:
        knows_silence: whether it may be asked ``NO_WORDS``.
    """

    knows_silence: bool

    @property
    def version(self) -> str:
        """Names the weights that answer."""
        ...

    def ask(self, image_rgb: np.ndarray, words: Sequence[str]) -> Prediction:
        """(H, W, 3) uint8 and N prompts, all in one pass over the image."""
        ...


class ServedModel(Protocol):
    def infer(self, image: bytes, words: Sequence[str], timeout_s: float) -> Perception:
        """A PNG or JPEG file and N prompts."""
        ...


class LocalEngine:
    """A predictor in this process, its prompts encoded once."""

    knows_silence = True

    def __init__(self, predictor: Predictor, encoder: TextEncoder, version: str) -> None:
        self._predictor = predictor
        self._encoder = encoder
        self._version = version
        zeros = np.zeros((1, MAX_TOKENS, STATE_WIDTH), np.float32)
        silence = PromptTokens(zeros, np.arange(MAX_TOKENS)[None] < 1)
        self._known: dict[str, PromptTokens] = {NO_WORDS: silence}

    @property
    def version(self) -> str:
        return self._version

    def ask(self, image_rgb: np.ndarray, words: Sequence[str]) -> Prediction:
        for each in words:
            if each not in self._known:
                self._known[each] = self._encoder.encode([each])
        known = [self._known[each] for each in words]
        tokens = PromptTokens(*(np.concatenate(part) for part in zip(*known, strict=True)))
        return self._predictor.predict(image_rgb, tokens)


class ServedEngine:
    """The network behind Triton, asked as the line asks it."""

    knows_silence = False

    def __init__(self, model: ServedModel) -> None:
        self._model = model
        self._version = "not asked yet"

    @property
    def version(self) -> str:
        return self._version

    def ask(self, image_rgb: np.ndarray, words: Sequence[str]) -> Prediction:
        """PNG is lossless: the server decodes the pixels that were given."""
        _, encoded = cv2.imencode(".png", cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), FAST_PNG)
        seen = self._model.infer(encoded.tobytes(), words, SERVED_TIMEOUT_S)
        self._version = seen.model_version
        margins = [seen.sensor_margin(index) for index in range(len(words))]
        return Prediction(np.stack(margins), seen.presence)


class OnnxPredictor:
    """The exported network in ONNX Runtime, in this process."""

    def __init__(self, path: Path, max_side_px: int = MAX_SIDE_PX, threads: int = 2) -> None:
        import onnxruntime  # only evaluation and export need it here

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.max_side_px = max_side_px

    def predict(self, image_rgb: np.ndarray, prompts: PromptTokens) -> Prediction:
        prepared = to_network(image_rgb, self.max_side_px)
        feeds = {
            "image": prepared.pixels[None].astype(np.float32),
            "tokens": prompts.states,
            "token_mask": prompts.mask,
        }
        margin, presence = self.session.run(["margin", "presence"], feeds)
        return Prediction(margin_to_sensor(margin[0], prepared.geometry), presence[0])
