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
from inference.imaging import Geometry
from inference.model_name import ModelName
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
    """The model on a Triton server; one instance may be shared by threads."""

    def __init__(self, url: str, model: ModelName | None = None) -> None:
        """Connect to nothing yet.

        Args:
            url: host:port of the server's gRPC.
            model: which one inspects; DQFormer if not given.
        """
        self._url = url
        self._model = model or ModelName()
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
        """Return whether the server answers, the model is loaded and no process of it has died."""
        try:
            return not self._dead_models and bool(
                self._client.is_model_ready(*self._model, client_timeout=timeout_s)
            )
        except InferenceServerException:
            return False

    def revive(self) -> None:
        """Load models again whose process on the server died; the server does not do so itself.

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

    def infer(self, image: bytes, prompts: Sequence[str], timeout_s: float) -> Perception:
        """Look in one picture for what the prompts describe.

        Args:
            image: a PNG or JPEG file, as the camera gave it.
            prompts: 1 to 64 texts.
            timeout_s: the answer is of no use afterwards.

        Raises:
            BadImage: the bytes are not a picture that can be inspected.
            ModelRejected: the same request will be refused again; or the answer makes no sense.
            ModelTooSlow: it did not answer in time.
            ModelUnavailable: the server is not there, not ready, or broke.
        """
        started = time.perf_counter()
        try:
            result = self._client.infer(
                self._model.name,
                _inputs(image, prompts),
                self._model.version,
                outputs=[InferRequestedOutput(name) for name in WANTED],
                client_timeout=timeout_s,
            )
        except InferenceServerException as error:
            self._dead_models |= dead_models(str(error.message()), self._model.name)
            raise translated(error, self._url) from error
        return _perception(result, (time.perf_counter() - started) * 1e3)


def dead_models(text: str, network: str) -> set[str]:
    """Return the models whose process is gone, by the server's error "Stub process 'NAME_0_0' ...".

    Triton has no other sign of it: the error is plain text.
    """
    models = (network, tensors.PROMPT_ENCODER)
    return {name for name in models if f"'{name}_" in text and "is not healthy" in text}


def _inputs(image: bytes, prompts: Sequence[str]) -> list[InferInput]:
    values = {
        tensors.IMAGE: np.frombuffer(image, np.uint8),
        tensors.PROMPTS: tensors.encode_prompts(prompts),
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
        geometry=Geometry(
            _pair(value[tensors.SENSOR_SIZE]),
            _pair(value[tensors.NETWORK_SIZE]),
            _pair(value[tensors.CONTENT_SIZE]),
        ),
        model_version=tensors.decode_text(value[tensors.MODEL_VERSION]),
        timings_ms={**dict(steps), "model": model_ms},
    )


def _pair(size: np.ndarray) -> tuple[int, int]:
    height, width = size.tolist()
    return height, width


def translated(error: InferenceServerException, url: str) -> RefereeError:
    """Return our error for Triton's.

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
