"""The model behind Triton's gRPC: the only file that knows tritonclient and its errors."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np
import structlog
from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput, InferResult
from tritonclient.utils import InferenceServerException

from contracts.errors import BadImage, ModelRejected, ModelTooSlow, ModelUnavailable, RefereeError
from inference import tensors
from inference.perception import Perception

log = structlog.get_logger()

LOAD_TIMEOUT_S = 30.0
LARGEST_MESSAGE_BYTES = 2**31 - 1
# gRPC's own reconnect backs off to two minutes: a restarted server would stand idle that long.
CHANNEL = [
    ("grpc.max_send_message_length", LARGEST_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", LARGEST_MESSAGE_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
]
WANTED = (
    tensors.PRESENCE,
    tensors.MARGIN,
    tensors.SENSOR_SIZE,
    tensors.NETWORK_SIZE,
    tensors.CONTENT_SIZE,
    tensors.MODEL_VERSION,
    tensors.TIMINGS,
)


class TritonModel:
    """DQFormer on a Triton server; one instance may be shared by threads."""

    def __init__(self, url: str) -> None:
        """``url`` is host:port of the server's gRPC. Nothing is connected yet."""
        self._url = url
        self._client = InferenceServerClient(url, channel_args=CHANNEL)
        self._dead_models: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def is_ready(self, timeout_s: float = 0.5) -> bool:
        """Whether the server answers, the model is loaded, and its process was not seen dead."""
        try:
            return not self._dead_models and bool(
                self._client.is_model_ready(tensors.DQFORMER, client_timeout=timeout_s)
            )
        except InferenceServerException:
            return False

    def revive(self) -> None:
        """Load models again whose process on the server died; the server itself never does.

        Raises:
            ModelUnavailable: the server is not there, or does not let clients load models.
        """
        for name in tuple(self._dead_models):
            try:
                self._client.unload_model(name, client_timeout=LOAD_TIMEOUT_S)
                self._client.load_model(name, client_timeout=LOAD_TIMEOUT_S)
            except InferenceServerException as error:
                raise translated(error, self._url) from error
            self._dead_models.discard(name)
            log.warning("model_loaded_again", model=name, server=self._url)

    def infer(
        self, image: bytes, words: Sequence[str], timeout_s: float, *, is_beside: bool = False
    ) -> Perception:
        """Look at one picture for what the words describe.

        Args:
            image: a PNG or JPEG file, as the camera gave it.
            words: 1 to 64 prompts.
            timeout_s: the answer is of no use afterwards.
            is_beside: another picture is looked at meanwhile, and the threads are to be shared.

        Raises:
            BadImage: the bytes are no picture that can be inspected.
            ModelRejected: the same request will be refused again; or the answer makes no sense.
            ModelTooSlow: it did not answer in time.
            ModelUnavailable: the server is not there, not ready, or broke.
        """
        started = time.perf_counter()
        try:
            result = self._client.infer(
                tensors.DQFORMER,
                _inputs(image, words),
                outputs=[InferRequestedOutput(name) for name in WANTED],
                client_timeout=timeout_s,
                parameters={tensors.BESIDE: is_beside},
            )
        except InferenceServerException as error:
            self._dead_models |= dead_models(str(error.message()))
            raise translated(error, self._url) from error
        return _perception(result, (time.perf_counter() - started) * 1e3)


def dead_models(text: str) -> set[str]:
    """Models whose process is gone, as the server's error tells: "Stub process 'NAME_0_0' ..."."""
    models = (tensors.DQFORMER, tensors.PROMPT_ENCODER)
    return {name for name in models if f"'{name}_" in text and "is not healthy" in text}


def _inputs(image: bytes, words: Sequence[str]) -> list[InferInput]:
    values = {
        tensors.IMAGE: np.frombuffer(image, np.uint8),
        tensors.WORDS: tensors.encode_words(words),
    }
    inputs = []
    for name, value in values.items():
        put = InferInput(name, [1, value.size], "UINT8")
        put.set_data_from_numpy(value[None])
        inputs.append(put)
    return inputs


def _perception(result: InferResult, model_ms: float) -> Perception:
    value = {name: result.as_numpy(name)[0] for name in WANTED}
    steps = zip(tensors.STEPS, value[tensors.TIMINGS].tolist(), strict=True)
    return Perception(
        presence=value[tensors.PRESENCE],
        margin=value[tensors.MARGIN],
        size_hw=_pair(value[tensors.SENSOR_SIZE]),
        network_hw=_pair(value[tensors.NETWORK_SIZE]),
        content_hw=_pair(value[tensors.CONTENT_SIZE]),
        model_version=tensors.decode_text(value[tensors.MODEL_VERSION]),
        timings_ms={**dict(steps), "model": model_ms},
    )


def _pair(size: np.ndarray) -> tuple[int, int]:
    height, width = size.tolist()
    return height, width


def translated(error: InferenceServerException, url: str) -> RefereeError:
    """Our error for Triton's.

    Only an invalid argument is the request's own fault. Everything else (gone, loading, a backend
    that crashed and is started again, no answer in time) may work later.
    """
    status, text = str(error.status()), str(error.message())
    if "INVALID_ARGUMENT" in status:
        if text.startswith(tensors.BAD_IMAGE):
            return BadImage(text.removeprefix(tensors.BAD_IMAGE))
        return ModelRejected(text)
    if "DEADLINE_EXCEEDED" in status:
        return ModelTooSlow(f"Triton at {url} did not answer in time")
    return ModelUnavailable(f"Triton at {url} cannot serve: {text}")
