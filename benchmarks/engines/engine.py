"""ONNX Runtime as the line uses it, and OpenVINO with what makes it like it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines.answer_agreement import Answer
from inference.serving.network import Network
from inference.text_encoder import PromptTokens
from referee.line.servers.served_network import ServedNetwork

Engine = Callable[[np.ndarray, PromptTokens], Answer]
"""From (B, 3, H, W) uint8 and prompts."""


def both(served: ServedNetwork, threads: int) -> dict[str, Engine]:
    """By name and version."""
    return {
        f"ONNX Runtime {version('onnxruntime')}": _onnxruntime(served, threads),
        f"OpenVINO {_openvino().__version__.split('-')[0]}": _in_openvino(served.file, threads),
    }


def _onnxruntime(served: ServedNetwork, threads: int) -> Engine:
    network = Network(served.file, served.name, threads, ["CPUExecutionProvider"])
    return lambda images, words: Answer(*network.run(images, words.states, words.mask))


def _openvino() -> Any:
    try:
        import openvino  # type: ignore[import-not-found]
    except ImportError as error:
        sys.exit(
            "OpenVINO is not installed, and the project does not depend on it. Install it into an "
            "environment of its own with the same Python and numpy (`pip install openvino`) and "
            f"put that environment's site-packages on PYTHONPATH. ({error})"
        )
    return openvino


def _in_openvino(file: Path, threads: int) -> Engine:
    setting = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    core = _openvino().Core()
    compiled = core.compile_model(core.read_model(file), "CPU", setting)
    types = {put.get_any_name(): put.get_element_type().to_dtype() for put in compiled.inputs}
    request = compiled.create_infer_request()

    def run(images: np.ndarray, words: PromptTokens) -> Answer:
        feeds = {"image": images, "tokens": words.states, "token_mask": words.mask}
        request.infer({name: value.astype(types[name]) for name, value in feeds.items()})
        margin, presence = (request.get_tensor(name).data for name in ("margin", "presence"))
        return Answer(margin.copy(), presence.copy())

    return run
