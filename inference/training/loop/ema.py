"""Exponential moving average of a model's weights and of its batch statistics."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

ModelT = TypeVar("ModelT", bound=nn.Module)


class MovingAverage(Generic[ModelT]):
    """``model`` follows what ``update`` is given; early steps are forgotten faster."""

    def __init__(self, model: ModelT, decay: float) -> None:
        self.model: ModelT = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, source: nn.Module, step: int) -> None:
        """Move towards ``source`` after step number ``step``, counted from 0."""
        decay = min(self.decay, (1 + step) / (10 + step))
        kept, new = self.model.state_dict(), source.state_dict()
        for name, value in kept.items():
            if value.dtype.is_floating_point:
                value.lerp_(new[name], 1 - decay)
            else:
                value.copy_(new[name])
