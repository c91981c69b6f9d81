"""A tiny model learns eight images by heart: masks, and what each prompt is about."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from inference.dqformer.model import DQFormer
from tests.tiny import TINY

STEPS = 100


def pictures() -> tuple[Tensor, Tensor]:
    """Eight 64 x 64 grey pictures and their masks (8, 2, 32, 32) for "bright" and "dark"; images
    0..2 have a bright square, 3..5 a dark one, 6 both, 7 none."""
    torch.manual_seed(3)
    image, target = torch.rand(8, 3, 64, 64) * 30 + 110, torch.zeros(8, 2, 64, 64)
    for index in range(8):
        for kind, shown in enumerate((index in (0, 1, 2, 6), index in (3, 4, 5, 6))):
            if shown:
                top, left = 4 + 5 * index, 4 + 5 * (index if kind else 8 - index)
                image[index, :, top : top + 12, left : left + 12] = (230.0, 20.0)[kind]
                target[index, kind, top : top + 12, left : left + 12] = 1.0
    return image, target[:, :, ::2, ::2].contiguous()


def test_overfits_eight_images() -> None:
    image, target = pictures()
    torch.manual_seed(0)
    model = DQFormer(TINY).train()
    tokens = torch.randn(1, 2, 4, TINY.text_width).expand(8, -1, -1, -1)
    mask = torch.ones(8, 2, 4, dtype=torch.bool)
    present = (target.amax(dim=(2, 3)) > 0).float()
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(STEPS):
        output = model(image, tokens, mask)
        soft = output.margin.sigmoid()
        dice = 1 - (2 * (soft * target).sum((2, 3)) + 1) / (
            soft.sum((2, 3)) + target.sum((2, 3)) + 1
        )
        loss = (
            F.binary_cross_entropy_with_logits(output.margin, target)
            + dice.mean()
            + 0.5 * F.binary_cross_entropy_with_logits(output.presence, present)
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert torch.equal(output.presence > 0, present > 0)
    found, there = output.margin > 0, target > 0.5
    union = (found | there).sum((2, 3)).float()
    iou = (found & there).sum((2, 3)) / union.clamp(min=1)
    assert iou[present > 0].min() > 0.9
    assert not found[present == 0].any()
