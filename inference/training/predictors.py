"""A trained network in torch as a function of pixels and prompts, and where it is read from."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import torch
from torch import nn

from contracts.errors import BadSettings
from inference.dqformer.config import DQFormerConfig
from inference.dqformer.model import DQFormer
from inference.imaging import MAX_SIDE_PX, margin_to_sensor, to_network
from inference.text_encoder import PromptTokens
from inference.training import checkpoint
from inference.training.engines import OnnxPredictor, Prediction, Predictor
from inference.training.weights import SUFFIX, load_weights

__all__ = ["OnnxPredictor", "Prediction", "Predictor", "TorchPredictor", "model_of", "read_network"]


class TorchPredictor:
    """The network in torch, through the same pre- and post-processing as serving."""

    def __init__(self, model: nn.Module, max_side_px: int = MAX_SIDE_PX) -> None:
        self.model, self.max_side_px = model.eval(), max_side_px

    @torch.no_grad()
    def predict(self, image_rgb: np.ndarray, prompts: PromptTokens) -> Prediction:
        prepared = to_network(image_rgb, self.max_side_px)
        device = next(self.model.parameters()).device
        image = torch.from_numpy(prepared.pixels)[None].to(device).float()
        output = self.model(
            image.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(prompts.states)[None].to(device),
            torch.from_numpy(prompts.mask)[None].to(device),
        )
        margin = margin_to_sensor(output.margin[0].cpu().numpy(), prepared, image_rgb.shape[:2])
        return Prediction(margin, output.presence[0].cpu().numpy())


def model_of(path: Path, averaged: bool = True) -> tuple[DQFormer, dict]:
    """The network of a checkpoint (its averaged weights) and the checkpoint's other content."""
    state = checkpoint.load(path)
    model = DQFormer(DQFormerConfig.from_dict(state["recipe"]["model"]).filled())
    model.load_state_dict(state["average" if averaged else "model"])
    return model.eval().to(memory_format=torch.channels_last), state


def read_network(path: Path) -> tuple[DQFormer, str]:
    """The network of a weights file or of a run's checkpoint, and a name for its weights.

    Raises:
        BadSettings: there is no such file, or it holds no network of ours.
    """
    if not path.is_file():
        raise BadSettings(f"{path}: no such checkpoint")
    try:
        model = load_weights(path) if path.suffix == SUFFIX else model_of(path)[0]
    except (ValueError, KeyError, TypeError, RuntimeError, EOFError, pickle.UnpicklingError) as e:
        reason = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise BadSettings(f"{path}: not a checkpoint of this network ({reason[:120]})") from e
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return model, f"{path.stem}-{digest[:12]}"
