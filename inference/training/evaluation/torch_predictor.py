"""A trained network in torch as a function of pixels and prompts."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from inference.imaging import MAX_SIDE_PX, margin_to_sensor, to_network
from inference.text_encoder import PromptTokens
from inference.training.evaluation.engines import Prediction


class TorchPredictor:
    """The network in torch, through the same pre- and post-processing as serving."""

    def __init__(self, model: nn.Module, max_side_px: int = MAX_SIDE_PX) -> None:
        self.model = model.eval()
        self.max_side_px = max_side_px

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
        margin = margin_to_sensor(output.margin[0].cpu().numpy(), prepared.geometry)
        return Prediction(margin, output.presence[0].cpu().numpy())
