"""Each contender answers like DQFormer, learns with every parameter, and differs as it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.peers.contenders import CONTENDERS, OURS
from benchmarks.peers.contenders.hard_grouping import HardGroupingLayer
from benchmarks.peers.contenders.no_synthetic import without_synthetic
from benchmarks.peers.contenders.no_wrong_prompts import true_prompts
from benchmarks.peers.contenders.queries16 import QUERIES, anomaly_margin
from benchmarks.peers.contenders.unet import UNet, universal_only
from inference.dqformer.lma import LanguageGatedAggregation
from inference.dqformer.model import DQFormerOutput
from inference.training.data.batches import Batch
from inference.training.loop.losses import losses
from inference.training.recipe import LineRecipe, LossWeights, Optimiser, TrainingRecipe
from tests.tiny import TINY

IMAGES, PROMPTS, SIDE_PX, WORDS = 2, 3, 64, 5


@pytest.fixture
def recipe() -> TrainingRecipe:
    return TrainingRecipe(
        name="tiny",
        text_encoder="nowhere",
        lines={},
        model=TINY.to_dict(),
        optimiser=Optimiser(steps=1),
    )


def network(name: str, recipe: TrainingRecipe) -> nn.Module:
    torch.manual_seed(0)
    return CONTENDERS[name].network(recipe)


def answer(model: nn.Module, prompts: int = PROMPTS) -> DQFormerOutput:
    drawn = torch.Generator().manual_seed(1)
    image = torch.rand(IMAGES, 3, SIDE_PX, SIDE_PX, generator=drawn) * 255
    tokens = torch.randn(IMAGES, PROMPTS, WORDS, TINY.text_width, generator=drawn)
    mask = torch.ones(IMAGES, PROMPTS, WORDS, dtype=torch.bool)
    return model(image, tokens[:, :prompts], mask[:, :prompts])


def square_target() -> Tensor:
    target = torch.zeros(IMAGES, PROMPTS, SIDE_PX // 2, SIDE_PX // 2)
    target[0, :2, 4:12, 4:12] = 1.0
    return target


@pytest.mark.parametrize("name", CONTENDERS)
def test_each_answers_as_ours_does_and_every_parameter_learns(
    name: str, recipe: TrainingRecipe
) -> None:
    model = network(name, recipe)
    output = answer(model)
    assert output.margin.shape == (IMAGES, PROMPTS, SIDE_PX // 2, SIDE_PX // 2)
    assert output.presence.shape == (IMAGES, PROMPTS)
    losses(output, square_target(), LossWeights()).total.backward()
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize("name", CONTENDERS)
def test_two_passes_are_identical(name: str, recipe: TrainingRecipe) -> None:
    model = network(name, recipe).eval()
    with torch.no_grad():
        first, second = answer(model), answer(model)
    assert torch.equal(first.margin, second.margin)
    assert torch.equal(first.presence, second.presence)


def test_ours_is_the_recipes_network(recipe: TrainingRecipe) -> None:
    contender = CONTENDERS[OURS]
    assert contender.recipe(recipe) == recipe
    assert type(network(OURS, recipe)).__name__ == "DQFormer"


def test_a_unet_says_the_same_of_every_prompt_and_calls_for_its_largest_margin() -> None:
    torch.manual_seed(0)
    output = answer(UNet((4, 8, 8)).eval())
    assert torch.equal(output.margin[:, 0], output.margin[:, 2])
    assert torch.equal(output.presence, output.margin.flatten(2).amax(-1))


def test_a_unet_is_shown_the_universal_prompt_only() -> None:
    shown = universal_only(a_batch())
    assert shown.caption.tolist() == [[1], [4]]
    assert shown.target.shape[:2] == (2, 1)


def test_no_lma_has_none(recipe: TrainingRecipe) -> None:
    ours, without = network(OURS, recipe), network("no_lma", recipe)
    assert any(isinstance(module, LanguageGatedAggregation) for module in ours.modules())
    for name in ("no_lma", "queries16"):
        modules = network(name, recipe).modules()
        assert not any(isinstance(module, LanguageGatedAggregation) for module in modules)
    names = {name for name, _ in without.named_parameters()}
    missing = {name for name, _ in ours.named_parameters()} - names
    assert missing
    assert all(name.startswith("decoder.aggregation.") for name in missing)


def test_no_lma_starts_from_the_last_grouping(recipe: TrainingRecipe) -> None:
    """With a refinement that adds nothing, the mask is the grouping's, doubled twice."""
    model = network("no_lma", recipe).eval()
    nn.init.zeros_(model.decoder.refinement.out.weight)  # type: ignore[union-attr, arg-type]
    nn.init.zeros_(model.decoder.refinement.out.bias)  # type: ignore[union-attr, arg-type]
    output = answer(model)
    expected = output.groupings[-1]
    for _ in range(2):
        expected = nn.functional.interpolate(expected, scale_factor=2.0, mode="bilinear")
    torch.testing.assert_close(output.margin, expected)


def test_queries_have_sixteen_tokens_and_a_grouping_a_level(recipe: TrainingRecipe) -> None:
    model = network("queries16", recipe)
    assert model.decoder.grouping.tokens.shape == (QUERIES, TINY.width)  # type: ignore[union-attr]
    sides = [grouping.shape[1:] for grouping in answer(model).groupings]
    assert sides == [(PROMPTS, SIDE_PX // s, SIDE_PX // s) for s in (32, 16, 8)]


def test_the_margin_of_queries_is_the_logit_of_their_mixture() -> None:
    logits = torch.tensor([1.0, -0.5, 2.0]).reshape(1, 1, 3, 1, 1)
    scores = torch.tensor([0.3, 1.2, -2.0]).reshape(1, 1, 3)
    shares = logits.flatten().softmax(0)
    share = float((shares * scores.flatten().sigmoid()).sum())
    expected = math.log(share / (1 - share))
    assert anomaly_margin(logits, scores).item() == pytest.approx(expected, abs=1e-6)


def test_hard_grouping_is_one_hot_forward_and_soft_backward() -> None:
    layer = HardGroupingLayer(width=8, heads=2)
    similarity = torch.randn(2, 3, 2, 10, requires_grad=True)
    weights = torch.randn(2, 3, 2, 10)
    shares = layer.assign(similarity)
    chosen = nn.functional.one_hot(similarity.argmax(2), 2).permute(0, 1, 3, 2).float()
    assert torch.equal(shares, chosen)
    (straight,) = torch.autograd.grad((shares * weights).sum(), similarity)
    (soft,) = torch.autograd.grad((similarity.softmax(2) * weights).sum(), similarity)
    torch.testing.assert_close(straight, soft)
    assert straight.abs().sum() > 0


def test_hard_grouping_begins_where_ours_begins(recipe: TrainingRecipe) -> None:
    ours, hard = network(OURS, recipe), network("hard_grouping", recipe)
    theirs = hard.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in ours.state_dict().items())
    assert not torch.equal(answer(ours.eval()).presence, answer(hard.eval()).presence)


def a_batch() -> Batch:
    """A part with a defect, and a good one."""
    target = np.zeros((2, 3, 4, 4), np.uint8)
    target[0, :2, 1, 1] = 255
    return Batch(np.zeros((2, 3, 8, 8), np.uint8), target, np.array([[1, 2, 3], [4, 5, 6]]))


def test_no_wrong_prompt_is_left() -> None:
    batch = a_batch()
    shown = true_prompts(batch)
    assert shown.caption.tolist() == [[1, 2], [4, 4]]
    assert (shown.target[0] == batch.target[0, :2]).all()
    assert not shown.target[1].any()
    assert batch.caption.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_without_synthetic_defects_there_are_as_many_real_ones(recipe: TrainingRecipe) -> None:
    board = LineRecipe(folder="nowhere", paint_crops=0.6, drawn_boards=0.5)
    after = without_synthetic(recipe.model_copy(update={"lines": {"board": board}}))
    assert after.lines["board"].paint_crops == after.lines["board"].drawn_boards == 0
    shares = after.shares
    assert shares.crop_synthetic == shares.crop_pasted == 0
    assert shares.whole_synthetic == shares.whole_pasted == 0
    before = recipe.shares
    assert shares.crop_real == before.crop_real + before.crop_synthetic + before.crop_pasted
    assert shares.whole_real == before.whole_real + before.whole_synthetic + before.whole_pasted
