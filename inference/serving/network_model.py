"""Triton's Python backend: an encoded picture and prompts to presence and margin of each prompt."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import triton_python_backend_utils as pb_utils

from contracts.errors import BadImage, ModelRejected, ModelUnavailable
from inference import tensors
from inference.imaging import NetworkInput, read_for_network
from inference.serving.dlpack import exported
from inference.serving.network import Network
from inference.serving.prompt_cache import PromptCache
from inference.serving.prompt_states import PromptStates
from inference.serving.server_watch import end_with_server


class NetworkSizes(NamedTuple):
    """What pictures are brought to, as the network was trained: see ``to_network``."""

    max_side_px: int
    multiple: int


@dataclass(frozen=True)
class Job:
    """One request, read and decoded."""

    prompts: tuple[str, ...]
    network_input: NetworkInput
    decode_ms: float

    @property
    def batch_key(self) -> tuple:
        """Return what jobs must share to go through the network in one pass."""
        return (self.prompts, self.network_input.pixels.shape)


class NetworkModel:
    """Requests of one batch that share prompts and network size are one pass of the network."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load ``model.onnx`` and warm it up; ``model.json`` says how it was trained.

        Both are in the folder of the version that Triton loads.
        """
        config = json.loads(args["model_config"])
        setting = {name: value["string_value"] for name, value in config["parameters"].items()}
        folder = Path(args["model_repository"]) / args["model_version"]
        self._network = Network(
            folder / "model.onnx",
            args["model_name"],
            int(os.environ.get("REFEREE_MODEL_THREADS") or setting["threads"]),
            (os.environ.get("REFEREE_MODEL_PROVIDERS") or setting["providers"]).split(","),
        )
        card = json.loads((folder / "model.json").read_text())
        self._sizes = NetworkSizes(card["max_side_px"], card["size_multiple"])
        self._states = PromptStates()
        self._prompts = PromptCache(self._states.encode, int(setting["prompts_cached"]))
        self._network.warm_up()
        end_with_server()

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list:
        """Return one answer a request, in order; a bad request fails alone."""
        answers: dict[int, pb_utils.InferenceResponse] = {}
        batches: dict[tuple, dict[int, Job]] = defaultdict(dict)
        for index, request in enumerate(requests):
            if request.is_cancelled():  # its client has given up: no part waits behind it
                answers[index] = cancelled()
                continue
            try:
                job = read_job(request, self._sizes)
                batches[job.batch_key][index] = job
            except (BadImage, ModelRejected) as error:
                answers[index] = refusal(error)
        for jobs in batches.values():
            answers.update(zip(jobs, self._run(list(jobs.values())), strict=True))
        return [answers[index] for index in range(len(requests))]

    def _run(self, jobs: Sequence[Job]) -> list[pb_utils.InferenceResponse]:
        started = time.perf_counter()
        try:
            states, token_mask = self._prompts.encodings(jobs[0].prompts)
        except ModelUnavailable as error:
            return [refusal(error) for _ in jobs]
        encoded = time.perf_counter()
        images = np.stack([job.network_input.pixels for job in jobs])  # (B, 3, H, W)
        scores = self._network.run(images, states, token_mask)
        prompts_ms = (encoded - started) * 1e3
        network_ms = (time.perf_counter() - encoded) * 1e3
        version = f"{self._network.version}+{self._states.version}"
        return [
            answer(job, presence, margin, version, (job.decode_ms, prompts_ms, network_ms))
            for job, margin, presence in zip(jobs, scores.margin, scores.presence, strict=True)
        ]


def read_job(request: pb_utils.InferenceRequest, sizes: NetworkSizes) -> Job:
    """Raises BadImage, or ModelRejected if the prompts are not valid."""
    started = time.perf_counter()
    try:
        prompts = tensors.decode_prompts(_input(request, tensors.PROMPTS))
    except ValueError as error:
        raise ModelRejected(str(error)) from error
    encoded = _input(request, tensors.IMAGE).tobytes()
    network_input = read_for_network(encoded, sizes.max_side_px, sizes.multiple)
    return Job(prompts, network_input, (time.perf_counter() - started) * 1e3)


def _input(request: pb_utils.InferenceRequest, name: str) -> np.ndarray:
    return np.from_dlpack(pb_utils.get_input_tensor_by_name(request, name))


def answer(
    job: Job,
    presence: np.ndarray,
    margin: np.ndarray,
    version: str,
    timings_ms: tuple[float, float, float],
) -> pb_utils.InferenceResponse:
    """Return the response to one request: presence (N,), margin (N, h, w)."""
    geometry = job.network_input.geometry
    outputs = {
        tensors.PRESENCE: presence.astype(np.float32),
        tensors.MARGIN: margin.astype(np.float32),
        tensors.SENSOR_SIZE: np.array(geometry.sensor_hw, np.int32),
        tensors.NETWORK_SIZE: np.array(geometry.network_hw, np.int32),
        tensors.CONTENT_SIZE: np.array(geometry.content_hw, np.int32),
        tensors.MODEL_VERSION: tensors.encode_text(version),
        tensors.TIMINGS: np.array(timings_ms, np.float32),
    }
    return pb_utils.InferenceResponse(
        [
            pb_utils.Tensor.from_dlpack(name, exported(value[None]))
            for name, value in outputs.items()
        ]
    )


def cancelled() -> pb_utils.InferenceResponse:
    """Return the response to a request whose client has given up."""
    error = pb_utils.TritonError("cancelled by its client", pb_utils.TritonError.CANCELLED)
    return pb_utils.InferenceResponse(error=error)


def refusal(error: Exception) -> pb_utils.InferenceResponse:
    """Return the response to a request that cannot be served, with the error's text."""
    if isinstance(error, BadImage):
        text, status = tensors.BAD_IMAGE + str(error), pb_utils.TritonError.INVALID_ARG
    elif isinstance(error, ModelRejected):
        text, status = str(error), pb_utils.TritonError.INVALID_ARG
    else:
        text, status = str(error), pb_utils.TritonError.UNAVAILABLE
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(text, status))
