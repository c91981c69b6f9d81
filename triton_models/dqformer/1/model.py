"""Triton's Python backend: an encoded picture and words to presence and margin of each prompt."""

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
from network import Network
from prompt_encoder import PromptEncoder
from prompts import PromptCache

from contracts.errors import BadImage, ModelRejected, ModelUnavailable
from inference import tensors
from inference.dlpack import exported
from inference.imaging import (
    NetworkInput,
    margin_to_mask,
    margin_to_sensor,
    read_for_network,
)
from inference.server_watch import end_with_server

LARGEST_MASK_BYTES = 256 * 2**20


class NetworkSizes(NamedTuple):
    """What pictures are brought to, as the network was trained: see ``to_network``."""

    max_side_px: int
    multiple: int


@dataclass(frozen=True)
class Job:
    """One request, read and decoded."""

    words: tuple[str, ...]
    is_beside: bool
    mask_wanted: bool
    sensor_hw: tuple[int, int]
    network_input: NetworkInput
    decode_ms: float

    @property
    def batch_key(self) -> tuple:
        """Jobs that agree in it go through the network in one pass."""
        return (self.words, self.network_input.pixels.shape)


class TritonPythonModel:
    """Requests of one batch that share words and network size are one pass of the network."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load and warm up the network beside this file; ``model.json`` says how it was trained."""
        config = json.loads(args["model_config"])
        setting = {name: value["string_value"] for name, value in config["parameters"].items()}
        self._network = Network(
            Path(__file__).with_name("model.onnx"),
            int(os.environ.get("REFEREE_MODEL_THREADS") or setting["threads"]),
            (os.environ.get("REFEREE_MODEL_PROVIDERS") or setting["providers"]).split(","),
            at_once=sum(group["count"] for group in config["instance_group"]),
        )
        card = json.loads(Path(__file__).with_name("model.json").read_text())
        self._sizes = NetworkSizes(card["max_side_px"], card["size_multiple"])
        self._encoder = PromptEncoder()
        self._prompts = PromptCache(self._encoder.encode, int(setting["prompts_cached"]))
        self._network.warm_up()
        end_with_server()

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list:
        """One answer a request, in order; a bad request fails alone."""
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
            states, token_mask = self._prompts.encodings(jobs[0].words)
        except ModelUnavailable as error:
            return [refusal(error) for _ in jobs]
        encoded = time.perf_counter()
        images = np.stack([job.network_input.pixels for job in jobs])  # (B, 3, H, W)
        is_beside = any(job.is_beside for job in jobs)
        scores = self._network.run(images, states, token_mask, is_beside=is_beside)
        words_ms = (encoded - started) * 1e3
        network_ms = (time.perf_counter() - encoded) * 1e3
        version = f"{self._network.version}+{self._encoder.version}"
        return [
            answer(job, presence, margin, version, (job.decode_ms, words_ms, network_ms))
            for job, margin, presence in zip(jobs, scores.margin, scores.presence, strict=True)
        ]


def read_job(request: pb_utils.InferenceRequest, sizes: NetworkSizes) -> Job:
    """Raises BadImage, or ModelRejected where the words are none."""
    started = time.perf_counter()
    try:
        words = tensors.decode_words(_input(request, tensors.WORDS))
    except ValueError as error:
        raise ModelRejected(str(error)) from error
    encoded = _input(request, tensors.IMAGE).tobytes()
    network_input, sensor_hw = read_for_network(encoded, sizes.max_side_px, sizes.multiple)
    mask_wanted = tensors.MASK in request.requested_output_names()
    if mask_wanted and len(words) * sensor_hw[0] * sensor_hw[1] > LARGEST_MASK_BYTES:
        raise ModelRejected("masks of so many prompts on so large a picture: ask for fewer at once")
    decode_ms = (time.perf_counter() - started) * 1e3
    is_beside = bool(json.loads(request.parameters() or "{}").get(tensors.BESIDE))
    return Job(words, is_beside, mask_wanted, sensor_hw, network_input, decode_ms)


def _input(request: pb_utils.InferenceRequest, name: str) -> np.ndarray:
    return np.from_dlpack(pb_utils.get_input_tensor_by_name(request, name))


def answer(
    job: Job,
    presence: np.ndarray,
    margin: np.ndarray,
    version: str,
    timings_ms: tuple[float, float, float],
) -> pb_utils.InferenceResponse:
    """The response to one request: presence (N,), margin (N, h, w)."""
    outputs = {
        tensors.PRESENCE: presence.astype(np.float32),
        tensors.MARGIN: margin.astype(np.float32),
        tensors.SENSOR_SIZE: np.array(job.sensor_hw, np.int32),
        tensors.NETWORK_SIZE: np.array(job.network_input.pixels.shape[1:], np.int32),
        tensors.CONTENT_SIZE: np.array(job.network_input.content_hw, np.int32),
        tensors.MODEL_VERSION: tensors.encode_text(version),
        tensors.TIMINGS: np.array(timings_ms, np.float32),
    }
    if job.mask_wanted:
        full = margin_to_sensor(margin, job.network_input, job.sensor_hw)
        mask = margin_to_mask(full) & (presence > 0)[:, None, None]
        outputs[tensors.MASK] = mask.astype(np.uint8)
    return pb_utils.InferenceResponse(
        [
            pb_utils.Tensor.from_dlpack(name, exported(value[None]))
            for name, value in outputs.items()
        ]
    )


def cancelled() -> pb_utils.InferenceResponse:
    """The response to a request that nobody waits for."""
    told = pb_utils.TritonError("cancelled by its client", pb_utils.TritonError.CANCELLED)
    return pb_utils.InferenceResponse(error=told)


def refusal(error: Exception) -> pb_utils.InferenceResponse:
    """The response to a request that cannot be served, with an error text people can act on."""
    if isinstance(error, BadImage):
        told = pb_utils.TritonError(
            tensors.BAD_IMAGE + str(error), pb_utils.TritonError.INVALID_ARG
        )
    elif isinstance(error, ModelRejected):
        told = pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG)
    else:
        told = pb_utils.TritonError(str(error), pb_utils.TritonError.UNAVAILABLE)
    return pb_utils.InferenceResponse(error=told)
