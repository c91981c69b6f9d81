"""A trained network as a function of pixels and prompts: in torch, or exported."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch

from inference.dqformer.config import DQFormerConfig
from inference.dqformer.model import DQFormer
from inference.imaging import MAX_SIDE_PX, margin_to_sensor, to_network
from inference.text_encoder import PromptTokens
from inference.training import checkpoint


class Prediction(NamedTuple):
    """Attributes:
    margin: (N, H, W) float32 at sensor pixels; the mask is margin > 0.
    presence: (N,) float32 logits.
    """

    margin: np.ndarray
    presence: np.ndarray


class Predictor(Protocol):
    def predict(self, image_rgb: np.ndarray, prompts: PromptTokens) -> Prediction:
        """(H, W, 3) uint8 and N prompts."""
        ...


class TorchPredictor:
    """The network in torch, through the same pre- and post-processing as serving."""

    def __init__(self, model: DQFormer, max_side_px: int = MAX_SIDE_PX) -> None:
        self.model, self.max_side_px = model.eval(), max_side_px

    @torch.no_grad()
    def predict(self, image_rgb: np.ndarray, prompts: PromptTokens) -> Prediction:
        prepared = to_network(image_rgb, self.max_side_px)
        image = torch.from_numpy(prepared.pixels)[None].float()
        output = self.model(
            image.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(prompts.states)[None],
            torch.from_numpy(prompts.mask)[None],
        )
        margin = margin_to_sensor(output.margin[0].numpy(), prepared, image_rgb.shape[:2])
        return Prediction(margin, output.presence[0].numpy())


class OnnxPredictor:
    """The exported network in ONNX Runtime."""

    def __init__(self, path: Path, max_side_px: int = MAX_SIDE_PX, threads: int = 2) -> None:
        import onnxruntime  # only evaluation and export need it here

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.max_side_px = max_side_px

    def predict(self, image_rgb: np.ndarray, prompts: PromptTokens) -> Prediction:
        prepared = to_network(image_rgb, self.max_side_px)
        feeds = {
            "image": prepared.pixels[None].astype(np.float32),
            "tokens": prompts.states,
            "token_mask": prompts.mask,
        }
        margin, presence = self.session.run(["margin", "presence"], feeds)
        return Prediction(margin_to_sensor(margin[0], prepared, image_rgb.shape[:2]), presence[0])


def model_of(path: Path, averaged: bool = True) -> tuple[DQFormer, dict]:
    """The network of a checkpoint (its averaged weights) and the checkpoint's other content."""
    state = checkpoint.load(path)
    model = DQFormer(DQFormerConfig.from_dict(state["recipe"]["model"]))
    model.load_state_dict(state["average" if averaged else "model"])
    return model.eval().to(memory_format=torch.channels_last), state
