"""What a step is judged by; the mask is margin > 0, so the losses must calibrate, no threshold.

Pixels, per prompt: the sum of cross-entropies over the target's area plus a hundredth of the
picture. The sum is plain: a pixel weighs the same whichever side it is on, so that the margin
crosses zero where a defect is as likely as not. At first that teaches "background everywhere"; so
training begins with a balanced cross-entropy (half from the defect, half from the hardest
background) that gives way to the plain one. With it Dice (1 - 2 sum pt / (sum p + sum t)).
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
AREA_FLOOR_SHARE = 0.01


class Losses(NamedTuple):
    """Scalars: the sum to descend, its terms before weighting, and presence called right."""

    total: Tensor
    mask: Tensor
    dice: Tensor
    empty: Tensor
    presence: Tensor
    grouping: Tensor
    presence_right: Tensor


def losses(
    output: DQFormerOutput, target: Tensor, weights: LossWeights, balanced: float = 0.0
) -> Losses:
    """Compare an output with its targets.

    Args:
        output: of B images and N prompts.
        target: (B, N, H / 2, W / 2) float, 0..1.
        weights: of the terms.
        balanced: share of the balanced cross-entropy, 0..1.
    """
    present = target.flatten(2).amax(dim=2) > 0.5  # (B, N)
    prompt = torch.full_like(output.presence, weights.kind_prompt)
    prompt[:, 0] = 1.0
    shared = prompt / prompt.sum()
    plain = plain_entropy(output.margin, target)
    mask = balanced * balanced_entropy(output.margin, target) + (1 - balanced) * plain
    worst = hardest(F.softplus(output.margin), HARD_EMPTY_SHARE)
    empty = balanced * worst + (1 - balanced) * plain
    dice = dice_loss(output.margin, target)
    positive = torch.ones_like(output.presence)
    positive[:, 0] = weights.presence_positive
    presence = F.binary_cross_entropy_with_logits(
        output.presence, present.float(), reduction="none", pos_weight=positive
    )
    layers = [grouping_loss(margin, target) for margin in output.groupings]
    grouping = torch.stack(layers).mean(dim=0) if layers else torch.zeros_like(dice)
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


def plain_entropy(margin: Tensor, target: Tensor) -> Tensor:
    """Summed cross-entropy over (the target's area + a hundredth of the map); (B, N)."""
    loss = F.binary_cross_entropy_with_logits(margin, target, reduction="none").flatten(2).sum(-1)
    floor = AREA_FLOOR_SHARE * margin.shape[-2] * margin.shape[-1]
    return loss / (target.flatten(2).sum(-1) + floor)


def balanced_entropy(margin: Tensor, target: Tensor) -> Tensor:
    """Half the defect's mean, half that of the hardest background; (B, N), of found targets."""
    margin, target = margin.flatten(2), target.flatten(2)
    inside = (target * F.softplus(-margin)).sum(-1) / target.sum(-1).clamp(min=1.0)
    return 0.5 * inside + 0.5 * hardest((1 - target) * F.softplus(margin), HARD_BACKGROUND_SHARE)


def dice_loss(margin: Tensor, target: Tensor) -> Tensor:
    """1 - Dice; (B, N), of targets that are not empty."""
    soft, target = margin.flatten(2).sigmoid(), target.flatten(2)
    overlap = 2 * (soft * target).sum(-1) + 1.0
    return 1 - overlap / (soft.sum(-1) + target.sum(-1) + 1.0)


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
