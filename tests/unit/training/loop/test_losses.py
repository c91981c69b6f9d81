"""The losses against plain loops over numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inference.dqformer.model import DQFormerOutput
from inference.training.loop.losses import (
    balanced_entropy,
    dice_loss,
    grouping_loss,
    hardest,
    losses,
    plain_entropy,
)
from inference.training.recipe import LossWeights


def softplus(x: float) -> float:
    return float(np.log1p(np.exp(x)))


def row_and_target() -> tuple[torch.Tensor, torch.Tensor]:
    margin = torch.tensor([[[[2.0, -1.0, 0.5, -3.0] * 5]]])  # (1, 1, 1, 20)
    target = torch.zeros(1, 1, 1, 20)
    target[..., :2] = 1
    return margin, target


def test_balanced_entropy_is_half_defect_half_hardest_background() -> None:
    margin, target = row_and_target()
    inside = (softplus(-2.0) + softplus(1.0)) / 2
    outside = softplus(2.0)  # hardest 5 % of 20 is one background pixel
    assert float(balanced_entropy(margin, target)) == pytest.approx((inside + outside) / 2)


def test_plain_entropy_weighs_every_pixel_the_same() -> None:
    margin, target = row_and_target()
    numbers = margin.numpy().ravel()
    total = sum(softplus(-x) for x in numbers[:2]) + sum(softplus(x) for x in numbers[2:])
    assert float(plain_entropy(margin, target)) == pytest.approx(total / (2 + 0.2), rel=1e-5)


def test_dice_loss() -> None:
    margin, target = row_and_target()
    share = 1 / (1 + np.exp(-margin.numpy().ravel()))
    expected = 1 - (2 * share[:2].sum() + 1) / (share.sum() + 2 + 1)
    assert float(dice_loss(margin, target)) == pytest.approx(expected, rel=1e-5)


def test_the_balanced_share_blends_the_two() -> None:
    margin, target = row_and_target()
    output = DQFormerOutput(margin, torch.zeros(1, 1), [margin])
    shown = [float(losses(output, target, LossWeights(), share).mask) for share in (0, 0.25, 1)]
    assert shown[1] == pytest.approx(0.75 * shown[0] + 0.25 * shown[2], rel=1e-5)


def test_hardest_is_the_mean_of_the_largest_share() -> None:
    values = torch.arange(200.0).reshape(1, 1, 10, 20)
    assert float(hardest(values, 0.01)) == pytest.approx((199 + 198) / 2)


def test_grouping_targets_are_max_pooled() -> None:
    """One marked cell of 8 x 8 marks one of 2 x 2: a small defect does not vanish."""
    target = torch.zeros(1, 1, 8, 8)
    target[0, 0, 1, 6] = 1
    right, wrong = (torch.full((1, 1, 2, 2), -9.0) for _ in range(2))
    right[0, 0, 0, 1] = 9
    wrong[0, 0, 1, 0] = 9
    assert float(grouping_loss(right, target)) < 0.01 < 1 < float(grouping_loss(wrong, target))


def output_of(margin: torch.Tensor, presence: torch.Tensor) -> DQFormerOutput:
    return DQFormerOutput(margin, presence, [margin[..., ::2, ::2]])


def test_a_network_without_groupings_has_no_loss_of_them() -> None:
    margin, target = row_and_target()
    result = losses(DQFormerOutput(margin, torch.zeros(1, 1), []), target, LossWeights())
    assert float(result.grouping) == 0.0
    assert float(result.total) > 0.0


def test_a_perfect_answer_costs_next_to_nothing() -> None:
    target = torch.zeros(2, 2, 16, 16)
    target[0, :, 4:10, 4:10] = 1
    presence = torch.tensor([[20.0, 20.0], [-20.0, -20.0]])
    result = losses(output_of((target - 0.5) * 40, presence), target, LossWeights(grouping=0.0))
    assert float(result.total) < 1e-3
    assert float(result.presence_right) == 1.0


def test_one_wrong_blob_on_a_good_part_is_not_averaged_away() -> None:
    target, margin = torch.zeros(1, 2, 100, 100), torch.full((1, 2, 100, 100), -20.0)
    margin[0, 0, :10, :10] = 5.0
    result = losses(output_of(margin, torch.full((1, 2), -20.0)), target, LossWeights())
    assert float(result.empty) > 2.0


def test_small_defects_weigh_more_up_to_a_bound() -> None:
    weights = LossWeights(reference_area_px2=1000, largest_area_weight=2)
    totals = []
    for side in (2, 10, 40):
        target = torch.zeros(1, 1, 64, 64)
        target[..., :side, :side] = 1
        output = output_of(torch.zeros_like(target), torch.zeros(1, 1))
        mask, dice = plain_entropy(output.margin, target), dice_loss(output.margin, target)
        terms = losses(output, target, weights)
        rest = terms.presence + weights.grouping * terms.grouping
        totals.append(float((terms.total - rest) / (mask + dice).sum()))
    assert totals == pytest.approx([2.0, (1000 / 400) ** 0.5, 1.0], rel=1e-3)
