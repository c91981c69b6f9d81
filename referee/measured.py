"""The engines that `referee evaluate` can measure: PyTorch, ONNX Runtime, Triton."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.errors import UserError
from inference.model_name import ModelName
from inference.triton import TritonModel
from referee.line.servers.served_network import served_network
from referee.line.servers.serving import serving_triton
from referee.project import (
    MODELS,
    SHIPPED_NETWORK,
    SHIPPED_WEIGHTS,
    how_to_install,
    served_models,
    text_encoder_folder,
)

if TYPE_CHECKING:  # torch takes seconds to import, and serving installs have none
    from inference.dqformer.model import DQFormer
    from inference.text_encoder import TextEncoder
    from inference.training.evaluation.engines import Engine


class EngineName(StrEnum):
    TORCH = "torch"
    ONNX = "onnx"
    SERVED = "served"


@contextmanager
def open_engine(
    name: EngineName, checkpoint: Path | None = None, triton: str | None = None
) -> Iterator[Engine]:
    """Open the engine of this name. Without a checkpoint it uses the weights that ship.

    Raises:
        UserError: a required file is missing, or the checkpoint is not valid.
        ModelUnavailable: Triton does not start.
    """
    if checkpoint is not None and not checkpoint.is_file():
        raise UserError(f"--checkpoint {checkpoint}: no such file")
    if name == EngineName.TORCH:
        yield _in_torch(checkpoint or _shipped_weights())
    elif name == EngineName.ONNX:
        yield _in_onnxruntime(checkpoint)
    else:
        with ExitStack() as stack:
            yield _served(stack, checkpoint, triton)


def threads_of(name: EngineName) -> int:
    """Return how many threads the engine's network computes with."""
    if name == EngineName.TORCH:
        import torch

        return torch.get_num_threads()
    if name == EngineName.ONNX:
        return _cores()
    return served_network().threads


def _shipped_weights() -> Path:
    if not SHIPPED_WEIGHTS.is_file():
        raise UserError(
            f"{SHIPPED_WEIGHTS} is missing: only a checkout has weights to train from; "
            "name yours with --checkpoint"
        )
    return SHIPPED_WEIGHTS


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _network_of(checkpoint: Path) -> tuple[DQFormer, str]:
    try:
        from inference.training.loop.saved_network import read_network
    except ImportError as error:
        raise UserError(f"{error.name} is only for training: run `make setup-dev`") from error
    return read_network(checkpoint)


def _in_torch(checkpoint: Path) -> Engine:
    model, version = _network_of(checkpoint)
    from inference.training.evaluation.engines import LocalEngine
    from inference.training.evaluation.torch_predictor import TorchPredictor

    return LocalEngine(TorchPredictor(model), _text_encoder(), version)


def _in_onnxruntime(checkpoint: Path | None) -> Engine:
    from inference.training.evaluation.engines import LocalEngine, OnnxPredictor

    if checkpoint is not None:
        raise UserError(
            "--engine onnx measures the exported network; use --engine torch for a checkpoint"
        )
    predictor = OnnxPredictor(SHIPPED_NETWORK, threads=_cores())
    return LocalEngine(predictor, _text_encoder(), f"onnx-{served_network(MODELS).digest}")


def _served(stack: ExitStack, checkpoint: Path | None, triton: str | None) -> Engine:
    from inference.training.evaluation.engines import ServedEngine

    if triton is not None and checkpoint is not None:
        raise UserError("give --triton or --checkpoint, not both: a server has its own network")
    models = _exported(stack, checkpoint) if checkpoint else served_models()
    url = triton or stack.enter_context(serving_triton(models))
    model = ModelName() if checkpoint else ModelName.from_environment()
    return ServedEngine(stack.enter_context(TritonModel(url, model)))


def _exported(stack: ExitStack, checkpoint: Path) -> Path:
    """A repository that serves this checkpoint, for as long as the stack lives."""
    model, version = _network_of(checkpoint)
    from inference.training.delivery.repository import write_repository

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return write_repository(model, version, MODELS, folder / "models")


def _text_encoder() -> TextEncoder:
    from inference.text_encoder import TextEncoder

    try:
        return TextEncoder(text_encoder_folder())
    except FileNotFoundError as error:
        raise UserError(f"{error}; {how_to_install('text-encoder')}") from error
