"""A decoder on another backbone answers as before where the features say the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from contracts.errors import BadSettings
from inference.dqformer.model import DQFormer
from inference.training.transplant import LeastSquares, transplant

from .conftest import TINY

BATCHES = 4


def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, 256, (2, 3, 96, 128), dtype=np.uint8) for _ in range(BATCHES)]


def test_least_squares_finds_a_map_and_says_how_much_it_explains() -> None:
    torch.manual_seed(0)
    features, noise = torch.randn(4, 5, 16, 16), torch.randn(4, 3, 16, 16)
    weight, bias = torch.randn(3, 5), torch.randn(3)
    told = torch.einsum("oi,bihw->bohw", weight, features) + bias.reshape(-1, 1, 1)
    exact, half, none = (LeastSquares(5, 3) for _ in range(3))
    exact.add(features, told)
    spread = (told - bias.reshape(-1, 1, 1)).std()
    half.add(features, told + spread * noise)
    none.add(features, noise)
    found_weight, found_bias, explained = exact.solve()
    assert torch.allclose(found_weight, weight, atol=0.01)
    assert torch.allclose(found_bias, bias, atol=0.01)
    assert explained == pytest.approx(1.0, abs=1e-3)
    assert half.solve()[2] == pytest.approx(0.5, abs=0.1)
    assert none.solve()[2] == pytest.approx(0.0, abs=0.05)


def test_the_same_features_give_the_same_answers() -> None:
    torch.manual_seed(1)
    old, new = DQFormer(TINY).eval(), DQFormer(TINY).eval()
    new.backbone.load_state_dict(old.backbone.state_dict())
    assert min(transplant(old, new, pictures())) > 0.99
    image = torch.from_numpy(pictures()[0]).float()
    tokens, mask = torch.randn(2, 3, 6, TINY.text_width), torch.ones(2, 3, 6, dtype=torch.bool)
    with torch.no_grad():
        before, after = old(image, tokens, mask), new(image, tokens, mask)
    assert torch.allclose(before.margin, after.margin, atol=0.05)
    assert torch.allclose(before.presence, after.presence, atol=0.05)


def test_another_decoder_is_refused() -> None:
    wider = replace(TINY, width=TINY.width * 2)
    with pytest.raises(BadSettings, match="only the backbones may differ"):
        transplant(DQFormer(TINY), DQFormer(wider), pictures())
