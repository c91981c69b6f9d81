"""A network in a file: weights (safetensors, with the configuration as metadata), or a run's
checkpoint."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from contracts.errors import UserError
from inference.dqformer.config import DQFormerConfig
from inference.dqformer.model import DQFormer
from inference.training.loop import checkpoint

SUFFIX = ".safetensors"
CONFIG = "dqformer"
"""Metadata entry: the DQFormerConfig as JSON."""


def save_weights(
    path: Path, model: DQFormer, notes: Mapping[str, str] | None = None, half: bool = False
) -> None:
    """Write weights and configuration.

    Args:
        path: ends in ``.safetensors``.
        notes: what else a reader should know, such as recipe and steps.
        half: matrices and kernels as float16; exact for a network that ``round_to_half`` rounded.
    """
    tensors = {
        name: (value.half() if half and value.ndim > 1 else value).detach().cpu().contiguous()
        for name, value in model.state_dict().items()
    }
    config = json.dumps(model.config.to_dict(), sort_keys=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not save_file: it leaves a file that its owner alone may read.
    path.write_bytes(save(tensors, metadata={**(notes or {}), CONFIG: config}))


@torch.no_grad()
def round_to_half(model: DQFormer) -> DQFormer:
    """The network itself, its matrices and kernels rounded to float16 values, still float32.

    Norms, biases and batch statistics, which are few, stay as they are.

    Raises:
        ValueError: a weight is beyond what float16 holds.
    """
    for name, value in model.state_dict().items():
        if value.ndim > 1:
            value.copy_(value.half())
            if not value.isfinite().all():
                raise ValueError(f"{name} has weights beyond float16")
    return model


def load_weights(path: Path) -> DQFormer:
    """The network of a weights file, ready to answer.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: it is not a weights file of this network; the message says why.
    """
    try:
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error
    if CONFIG not in notes:
        raise ValueError(f"{path} does not say which DQFormer it is of")
    model = DQFormer(DQFormerConfig.from_dict(json.loads(notes[CONFIG])))
    model.load_state_dict(tensors)
    return model.eval().to(memory_format=torch.channels_last)


def model_of(path: Path, averaged: bool = True) -> tuple[DQFormer, dict]:
    """The network of a checkpoint (its averaged weights) and the checkpoint's other content."""
    state = checkpoint.load(path)
    model = DQFormer(DQFormerConfig.from_dict(state["recipe"]["model"]))
    model.load_state_dict(state["average" if averaged else "model"])
    return model.eval().to(memory_format=torch.channels_last), state


def read_network(path: Path) -> tuple[DQFormer, str]:
    """The network of a weights file or of a run's checkpoint, and a name for its weights.

    Raises:
        UserError: the file does not exist, or does not hold a DQFormer.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such checkpoint")
    try:
        model = load_weights(path) if path.suffix == SUFFIX else model_of(path)[0]
    except (ValueError, KeyError, TypeError, RuntimeError, EOFError, pickle.UnpicklingError) as e:
        reason = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise UserError(f"{path}: not a checkpoint of this network ({reason[:120]})") from e
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return model, f"{path.stem}-{digest[:12]}"
