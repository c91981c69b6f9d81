"""AdamW with weight decay on matrices only, and the learning rate of each step."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from inference.training.recipe import Optimiser

RATE = "rate"
"""Entry of a parameter group: its learning rate over the schedule's."""
BACKBONE = "backbone."


def build(model: nn.Module, settings: Optimiser) -> torch.optim.AdamW:
    """Return AdamW over what learns; norms, biases and single numbers are not decayed."""
    learning = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    if settings.backbone_rate == 1.0:
        groups = _groups([p for _, p in learning], settings, 1.0)
    else:
        inside = [p for name, p in learning if name.startswith(BACKBONE)]
        others = [p for name, p in learning if not name.startswith(BACKBONE)]
        groups = _groups(others, settings, 1.0) + _groups(inside, settings, settings.backbone_rate)
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def _groups(
    parameters: list[nn.Parameter], settings: Optimiser, rate: float
) -> list[dict[str, Any]]:
    decayed = [p for p in parameters if p.ndim > 1]
    plain = [p for p in parameters if p.ndim <= 1]
    return [
        {"params": decayed, "weight_decay": settings.weight_decay, RATE: rate},
        {"params": plain, "weight_decay": 0.0, RATE: rate},
    ]


def set_rate(optimiser: torch.optim.Optimizer, step: int, settings: Optimiser) -> None:
    """Give each group its learning rate of a step."""
    rate = learning_rate(step, settings)
    for group in optimiser.param_groups:
        # A checkpoint from before there were rates has none.
        group["lr"] = rate * group.get(RATE, 1.0)


def learning_rate(step: int, settings: Optimiser) -> float:
    """Linear warm-up, level, then a half cosine down to ``floor`` of the largest."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    fallen = 0.5 * (1 - math.cos(math.pi * settings.decay_progress(step)))
    return settings.learning_rate * (1 - (1 - settings.floor) * fallen)
