"""A network's weights in one file: safetensors, with the network's numbers as metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from inference.dqformer.config import DQFormerConfig
from inference.dqformer.model import DQFormer

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
    config = json.dumps(model.config.filled().to_dict(), sort_keys=True)
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
        FileNotFoundError: there is no such file.
        ValueError: it is no weights file of ours; says why.
    """
    try:
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file: {error}") from error
    if CONFIG not in notes:
        raise ValueError(f"{path} does not say which DQFormer it is of")
    model = DQFormer(DQFormerConfig.from_dict(json.loads(notes[CONFIG])))
    model.load_state_dict(tensors)
    return model.eval().to(memory_format=torch.channels_last)


def notes_of(path: Path) -> dict[str, str]:
    """What was noted beside the weights."""
    with safe_open(path, framework="pt") as file:
        notes = dict(file.metadata() or {})
    notes.pop(CONFIG, None)
    return notes
