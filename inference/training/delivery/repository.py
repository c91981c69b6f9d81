"""A Triton model repository with another network: what ships, served as on the line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch

from inference.dqformer.model import DQFormer
from inference.imaging import MAX_SIDE_PX, SIZE_MULTIPLE
from inference.model_name import DEFAULT_MODEL
from inference.training.delivery.export import write_onnx

LEFT_OUT = ("model.onnx", "model.json", "__pycache__")
"""The words stay: the networks that `referee bench` compares have those of the shipped one."""


def write_repository(model: DQFormer, version: str, shipped: Path, folder: Path) -> Path:
    """Copy the shipped repository to a new folder, with this network in it; returns the folder."""
    copy_repository(shipped, folder)
    network = folder / DEFAULT_MODEL / "1"
    # The exporter bakes the layout in; ONNX Runtime chooses its own.
    write_onnx(model.to(memory_format=torch.contiguous_format), network / "model.onnx")
    card = {
        "model_version": version,
        "max_side_px": MAX_SIDE_PX,
        "size_multiple": SIZE_MULTIPLE,
    }
    (network / "model.json").write_text(json.dumps(card))
    return folder


def copy_repository(shipped: Path, folder: Path) -> None:
    """The shipped repository without its network, over whatever an earlier copy left."""
    ignored = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(shipped, folder, ignore=ignored, dirs_exist_ok=True)
