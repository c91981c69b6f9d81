"""The model's answer to one picture: the one value between the model and all that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contracts.errors import ModelRejected
from inference.imaging import Geometry, margin_to_sensor


@dataclass(frozen=True)
class Perception:
    """Answer of the model to one picture and N prompts, in the prompts' order.

    Attributes:
        presence: (N,) float32 logits; above 0 the prompt refers to something.
        margin: (N, h, w) float32, Anomaly minus Background logit, on a grid that covers
            ``geometry.network_hw``.
        geometry: how the picture lies in what the network saw.
        model_version: names the weights that answered.
        timings_ms: milliseconds of each step on the server, and ``model`` for the whole call.

    Raises:
        ModelRejected: shapes that contradict each other, or a logit that is not a number: it is not
            above 0 and would otherwise count as a good part.
    """

    presence: np.ndarray
    margin: np.ndarray
    geometry: Geometry
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
        """Return the margin of one prompt as (H, W) float32 in sensor pixels, bilinear."""
        return margin_to_sensor(self.margin[prompt : prompt + 1], self.geometry)[0]
