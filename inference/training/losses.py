"""What a step is judged by; the mask is margin > 0, so the losses must calibrate, no threshold.

Where something is to be found, per prompt: a share of the mean cross-entropy over its pixels,
the rest that of the hardest background pixels, and Dice (1 - 2 sum pt / (sum p + sum t)). Where
nothing is: the mean over the hardest pixels alone; the mean over all would hide one wrong blob.
Presence: cross-entropy of its logit. Grouping: cross-entropy of each layer against max-pooled
targets, for a small defect must not vanish on a coarse grid.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from inference.dqformer.model import STRIDE, DQFormerOutput
from inference.training.recipe import LossWeights

HARD_BACKGROUND_SHARE = 0.05
HARD_EMPTY_SHARE = 0.01


class Losses(NamedTuple):
    """Scalars: the sum to descend, its terms before weighting, and presence called right."""

    total: Tensor
    mask: Tensor
    dice: Tensor
    empty: Tensor
    presence: Tensor
    grouping: Tensor
    presence_right: Tensor


def losses(output: DQFormerOutput, target: Tensor, weights: LossWeights) -> Losses:
    """Compare an output with its targets.

    Args:
        output: of B images and N prompts.
        target: (B, N, H / 2, W / 2) float, 0..1.
        weights: of the terms.
    """
    present = target.flatten(2).amax(dim=2) > 0.5  # (B, N)
    prompt = torch.full_like(output.presence, weights.kind_prompt)
    prompt[:, 0] = 1.0
    shared = prompt / prompt.sum()
    mask, dice = found(output.margin, target, weights.inside)
    empty = hardest(F.softplus(output.margin), HARD_EMPTY_SHARE)
    presence = F.binary_cross_entropy_with_logits(
        output.presence,
        present.float(),
        reduction="none",
        pos_weight=torch.tensor(weights.presence_positive),
    )
    grouping = torch.stack([grouping_loss(m, target) for m in output.groupings]).mean(dim=0)
    here, absent = shared * present * _area_weight(target, weights), shared * ~present
    terms = (
        (here * mask).sum(),
        (here * dice).sum(),
        (absent * empty).sum(),
        (shared * presence).sum(),
        (shared * grouping).sum(),
    )
    scale = (1.0, weights.dice, weights.empty, weights.presence, weights.grouping)
    total = torch.stack([factor * term for factor, term in zip(scale, terms, strict=True)]).sum()
    right = ((output.presence > 0) == present).float().mean()
    shown_mask, shown_dice, shown_empty = _shown(mask, dice, empty, present)
    return Losses(total, shown_mask, shown_dice, shown_empty, terms[3], terms[4], right)


def found(margin: Tensor, target: Tensor, share: float = 0.5) -> tuple[Tensor, Tensor]:
    """Cross-entropy and Dice, each (B, N); only meant where the target is not empty.

    ``share`` is how much of the cross-entropy is that of the defect's own pixels.
    """
    margin, target = margin.flatten(2), target.flatten(2)
    inside = (target * F.softplus(-margin)).sum(-1) / target.sum(-1).clamp(min=1.0)
    outside = hardest((1 - target) * F.softplus(margin), HARD_BACKGROUND_SHARE)
    soft = margin.sigmoid()
    overlap = 2 * (soft * target).sum(-1) + 1.0
    dice = 1 - overlap / (soft.sum(-1) + target.sum(-1) + 1.0)
    return share * inside + (1 - share) * outside, dice


def hardest(loss: Tensor, share: float) -> Tensor:
    """Mean over the largest ``share`` of positions: (B, N, ...) -> (B, N)."""
    flat = loss.flatten(2)
    count = max(1, int(share * flat.shape[-1]))
    return flat.topk(count, dim=-1, sorted=False).values.mean(dim=-1)


def grouping_loss(margin: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of one layer's grouping, defect and background halves; (B, N)."""
    coarse = F.adaptive_max_pool2d(target, margin.shape[-2:])
    loss = F.binary_cross_entropy_with_logits(margin, coarse, reduction="none")
    inside = (coarse * loss).flatten(2).sum(-1) / coarse.flatten(2).sum(-1).clamp(min=1.0)
    outside = ((1 - coarse) * loss).flatten(2).mean(-1)
    return 0.5 * inside + 0.5 * outside


def _area_weight(target: Tensor, weights: LossWeights) -> Tensor:
    """(reference / area) ^ 0.5 between 1 and the largest weight; (B, N)."""
    area_px2 = target.flatten(2).sum(-1).clamp(min=1.0) * STRIDE**2
    weight = (weights.reference_area_px2 / area_px2).sqrt()
    return weight.clamp(1.0, weights.largest_area_weight)


def _shown(
    mask: Tensor, dice: Tensor, empty: Tensor, present: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Plain means for the log: they do not move with the share of defects in a batch."""
    here, absent = present.float(), (~present).float()
    return (
        (mask * here).sum() / here.sum().clamp(min=1.0),
        (dice * here).sum() / here.sum().clamp(min=1.0),
        (empty * absent).sum() / absent.sum().clamp(min=1.0),
    )
