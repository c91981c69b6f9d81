"""AdamW with weight decay on matrices only, and the learning rate of each step."""

from __future__ import annotations

import math

import torch
from torch import nn

from inference.training.recipe import Optimiser


def build(model: nn.Module, settings: Optimiser) -> torch.optim.AdamW:
    """Norms, biases and single numbers are not decayed."""
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def learning_rate(step: int, settings: Optimiser) -> float:
    """Linear warm-up, level, then a half cosine down to ``floor`` of the largest."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    fallen = 0.5 * (1 - math.cos(math.pi * settings.decay_progress(step)))
    return settings.learning_rate * (1 - (1 - settings.floor) * fallen)
