"""The networks that `referee evaluate` can measure, opened for as long as it takes."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.errors import UserError
from inference.triton import TritonModel
from referee.line.servers.serving import serving_triton
from referee.line.servers.triton import MODELS, TEXT_ENCODER
from referee.project import ROOT

if TYPE_CHECKING:  # torch takes seconds to import, and serving installs have none
    from inference.dqformer.model import DQFormer
    from inference.text_encoder import TextEncoder
    from inference.training.evaluation.engines import Engine

SHIPPED_WEIGHTS = ROOT / "checkpoints" / "edge.safetensors"
SHIPPED_NETWORK = MODELS / "dqformer" / "1" / "model.onnx"
SHIPPED_THREADS = re.compile(r'"threads".*?string_value: "(\d+)"')


class EngineName(StrEnum):
    TORCH = "torch"
    ONNX = "onnx"
    SERVED = "served"


@contextmanager
def opened(
    name: EngineName, checkpoint: Path | None = None, triton: str | None = None
) -> Iterator[Engine]:
    """The engine of this name, with the shipped weights where no checkpoint is given.

    Raises:
        UserError: something that it needs is not there, or the checkpoint is none.
        ModelUnavailable: Triton does not come up.
    """
    if checkpoint is not None and not checkpoint.is_file():
        raise UserError(f"--checkpoint {checkpoint}: no such file")
    if name == EngineName.TORCH:
        yield _in_torch(checkpoint or SHIPPED_WEIGHTS)
    elif name == EngineName.ONNX:
        yield _in_onnxruntime(checkpoint)
    else:
        with ExitStack() as stack:
            yield _served(stack, checkpoint, triton)


def threads_of(name: EngineName) -> int:
    """How many threads the engine's network computes with."""
    if name == EngineName.TORCH:
        import torch

        return torch.get_num_threads()
    if name == EngineName.ONNX:
        return _cores()
    own = os.environ.get("REFEREE_MODEL_THREADS")
    config = SHIPPED_THREADS.search((MODELS / "dqformer" / "config.pbtxt").read_text())
    return int(own or (config.group(1) if config else _cores()))


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _network_of(checkpoint: Path) -> tuple[DQFormer, str]:
    try:
        from inference.training.evaluation.predictors import read_network
    except ImportError as error:
        raise UserError(f"{error.name} is only for training: run `make setup-dev`") from error
    return read_network(checkpoint)


def _in_torch(checkpoint: Path) -> Engine:
    model, version = _network_of(checkpoint)
    from inference.training.evaluation.engines import LocalEngine
    from inference.training.evaluation.predictors import TorchPredictor

    return LocalEngine(TorchPredictor(model), _text_encoder(), version)


def _in_onnxruntime(checkpoint: Path | None) -> Engine:
    from inference.training.evaluation.engines import LocalEngine, OnnxPredictor

    if checkpoint is not None:
        raise UserError("--engine onnx measures the exported network; for a checkpoint: torch")
    predictor = OnnxPredictor(SHIPPED_NETWORK, threads=_cores())
    return LocalEngine(predictor, _text_encoder(), f"onnx-{_digest(SHIPPED_NETWORK)}")


def _digest(file: Path) -> str:
    import hashlib

    with file.open("rb") as opened_file:
        return hashlib.file_digest(opened_file, "sha256").hexdigest()[:12]


def _served(stack: ExitStack, checkpoint: Path | None, triton: str | None) -> Engine:
    from inference.training.evaluation.engines import ServedEngine

    if triton is not None and checkpoint is not None:
        raise UserError("--triton: that server has its own network; leave --checkpoint out")
    models = _exported(stack, checkpoint) if checkpoint else MODELS
    url = triton or stack.enter_context(serving_triton(models))
    return ServedEngine(stack.enter_context(TritonModel(url)))


def _exported(stack: ExitStack, checkpoint: Path) -> Path:
    """A repository that serves this checkpoint, for as long as the stack lives."""
    model, version = _network_of(checkpoint)
    from inference.training.delivery.repository import write_repository

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return write_repository(model, version, MODELS, folder / "models")


def _text_encoder() -> TextEncoder:
    from inference.text_encoder import TextEncoder

    folder = Path(os.environ.get("REFEREE_TEXT_ENCODER") or TEXT_ENCODER)
    try:
        return TextEncoder(folder)
    except FileNotFoundError as error:
        raise UserError(f"{error}; run `make setup`") from error
