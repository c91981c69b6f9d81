"""What the model saw in one picture: the one value between the model and all that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contracts.errors import ModelRejected
from inference.imaging import NetworkInput, margin_to_sensor


@dataclass(frozen=True)
class Perception:
    """Answer of the model to one picture and N prompts, in the prompts' order.

    Attributes:
        presence: (N,) float32 logits; above 0 the words refer to something in the picture.
        margin: (N, h, w) float32, Anomaly minus Background logit, on a grid that covers
            ``network_hw``.
        size_hw: height and width of the picture in sensor pixels.
        network_hw: height and width of what the network saw, padding included, network pixels.
        content_hw: of the picture within that, network pixels.
        model_version: names the weights that answered.
        timings_ms: milliseconds of each step on the server, and ``model`` for the whole call.

    Raises:
        ModelRejected: shapes that contradict each other, or a logit that is no number: "not above
            0" would otherwise be taken for a good part.
    """

    presence: np.ndarray
    margin: np.ndarray
    size_hw: tuple[int, int]
    network_hw: tuple[int, int]
    content_hw: tuple[int, int]
    model_version: str
    timings_ms: Mapping[str, float]

    def __post_init__(self) -> None:
        if self.margin.ndim != 3 or self.presence.shape != self.margin.shape[:1]:
            raise ModelRejected(
                f"the model answered presence {self.presence.shape} and margin {self.margin.shape}"
            )
        if not (np.isfinite(self.presence).all() and np.isfinite(self.margin).all()):
            raise ModelRejected("the model answered a logit that is not a finite number")

    def sensor_margin(self, prompt: int) -> np.ndarray:
        """Margin of one prompt as (H, W) float32 in sensor pixels, bilinear."""
        # margin_to_sensor reads only the size of the pixels: they stayed on the server.
        no_pixels = np.broadcast_to(np.uint8(0), (3, *self.network_hw))
        seen = NetworkInput(no_pixels, scale=1.0, content_hw=self.content_hw)
        return margin_to_sensor(self.margin[prompt : prompt + 1], seen, self.size_hw)[0]
