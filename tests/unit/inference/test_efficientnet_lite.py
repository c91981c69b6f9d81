"""The pretrained backbone: its padding, its weights, what of it stands still, and how it learns."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_sample_image
from torch import Tensor
from torch.nn import functional as F

from contracts.errors import BadSettings
from inference.dqformer.backbone import Backbone
from inference.dqformer.config import BackboneConfig, DQFormerConfig
from inference.dqformer.efficientnet_lite import ConvNorm, EfficientNetLite, same_padding, scaled
from inference.dqformer.efficientnet_weights import build, find_weights, own_name, own_names
from inference.dqformer.model import DQFormer
from inference.training.export import agreement, write_onnx
from inference.training.optimiser import build as build_optimiser
from inference.training.optimiser import learning_rate, set_rate
from inference.training.precision import products_in
from inference.training.recipe import Optimiser
from inference.training.weights import load_weights, save_weights

from .conftest import ROOT

SMALL = {"width": 0.25}
PIXELS = {"pixel_mean": (127 / 255,), "pixel_spread": (128 / 255,)}
TINY = DQFormerConfig(
    backbone=BackboneConfig("efficientnet_lite", SMALL, None, **PIXELS),
    width=16,
    heads=2,
    refine_width=8,
)
EPS = 1e-3
PALACE, DAISY = 698, 985
"""ImageNet classes."""


@pytest.fixture(scope="session")
def weights_file() -> Path:
    """The installed weights; without them these tests fail, they are not skipped."""
    folder = os.environ.get("REFEREE_BACKBONE") or str(ROOT / ".runtime" / "backbone")
    try:
        return find_weights(folder)
    except BadSettings as error:
        pytest.fail(f"{error}: run `make setup-dev`, or set REFEREE_BACKBONE")


@pytest.fixture(scope="session")
def given(weights_file: Path) -> dict[str, Tensor]:
    return torch.load(weights_file, weights_only=True)


@pytest.mark.parametrize("hw", [(32, 32), (64, 96), (96, 160)])
def test_four_maps_at_strides_4_to_32(hw: tuple[int, int]) -> None:
    with torch.no_grad():
        maps = EfficientNetLite()(torch.zeros(2, 3, *hw)).feature_maps
    assert [tuple(m.shape) for m in maps] == [
        (2, channels, hw[0] // stride, hw[1] // stride)
        for channels, stride in ((24, 4), (40, 8), (112, 16), (320, 32))
    ]


def test_the_registry_gives_it_pixels_between_minus_one_and_one() -> None:
    backbone = Backbone(TINY.backbone)
    given = backbone.normalise(torch.tensor([0.0, 127.0, 255.0]).reshape(1, 1, 1, 3))
    assert given.flatten().tolist() == pytest.approx([-127 / 128, 0.0, 1.0], abs=1e-6)
    assert isinstance(backbone.body, EfficientNetLite)


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (5, 1), (3, 2), (5, 2)])
def test_padding_and_norm_are_tensorflows(kernel: int, stride: int) -> None:
    """Against torch's own convolution and batch norm, padded by TensorFlow's formula."""
    torch.manual_seed(kernel)
    layer, size = ConvNorm(4, 4, kernel, stride, groups=4), 12
    for name in ("gain", "shift", "mean", "variance"):
        getattr(layer, name).copy_(torch.rand(4) + 0.5)
    x = torch.randn(2, 4, size, size)
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    padded = F.pad(x, (total // 2, total - total // 2) * 2)
    plain = F.conv2d(padded, layer.weight, stride=stride, groups=4)
    norm = (layer.mean, layer.variance, layer.gain, layer.shift)
    expected = F.batch_norm(plain, *norm, eps=EPS)
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_uneven_padding_is_added_after() -> None:
    assert [same_padding(k, 2) for k in (3, 5)] == [(0, 1), (1, 2)]
    assert [same_padding(k, 1) for k in (1, 3, 5)] == [(0, 0), (1, 1), (2, 2)]


def test_variants_grow_as_published() -> None:
    """Lite2 by table 1 and the factors 1.1 and 1.2: first and last stage keep one block."""
    assert [(s.repeats, s.channels) for s in scaled(1.1, 1.2)] == [
        (1, 16),
        (3, 24),
        (3, 48),
        (4, 88),
        (4, 120),
        (5, 208),
        (1, 352),
    ]


def test_names_of_blocks_with_and_without_expansion() -> None:
    names = {
        "_conv_stem.weight": "stem.weight",
        "_bn0.running_var": "stem.variance",
        "_blocks.0._bn1.weight": "blocks.0.depthwise.gain",
        "_blocks.3._expand_conv.weight": "blocks.3.expand.weight",
        "_blocks.3._bn0.bias": "blocks.3.expand.shift",
        "_blocks.15._bn2.running_mean": "blocks.15.project.mean",
    }
    assert {name: own_name(name) for name in names} == names


def test_set_up_records_the_weights_checksum(weights_file: Path) -> None:
    recorded = re.search(r"BACKBONE_SHA256=(\w+)", (ROOT / "deploy/setup.sh").read_text())
    assert recorded
    assert sha256(weights_file.read_bytes()).hexdigest() == recorded[1]


def test_every_weight_finds_its_place(weights_file: Path, given: dict[str, Tensor]) -> None:
    loaded = build({}, str(weights_file)).state_dict()
    assert set(own_names(given)) == set(loaded)
    left = {n for n in given if n.startswith(("_conv_head", "_bn1.", "_fc.")) or "num_batch" in n}
    assert len(given) == len(left) + len(loaded)
    assert all(torch.equal(loaded[own_name(n)], v) for n, v in given.items() if n not in left)


@pytest.mark.parametrize(("picture", "expected"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_it_sees_what_is_in_a_photograph(
    picture: str, expected: int, weights_file: Path, given: dict[str, Tensor]
) -> None:
    """The classifier that comes with the weights, on our features, names the right class."""
    pixels = torch.from_numpy(load_sample_image(picture).copy()).movedim(-1, 0)[None].float()
    pixels = F.interpolate(pixels[..., 104:528], (224, 224), mode="bilinear", antialias=True)
    config = BackboneConfig("efficientnet_lite", {}, str(weights_file), **PIXELS)
    with torch.no_grad():
        top = F.conv2d(Backbone(config)(pixels)[-1], given["_conv_head.weight"])
        norm = (given[f"_bn1.{n}"] for n in ("running_mean", "running_var", "weight", "bias"))
        pooled = F.relu6(F.batch_norm(top, *norm, eps=EPS)).mean((2, 3))
        scores = pooled @ given["_fc.weight"].T + given["_fc.bias"]
    assert int(scores.argmax()) == expected


def test_weights_that_lack_or_add_a_layer_are_refused(
    tmp_path: Path, given: dict[str, Tensor]
) -> None:
    lost = {name: value for name, value in given.items() if name != "_blocks.4._bn1.bias"}
    more = given | {"_blocks.16._project_conv.weight": torch.zeros(1)}
    for number, wrong in enumerate((lost, more)):
        path = tmp_path / f"efficientnet-lite-{number}.pth"
        torch.save(wrong, path)
        with pytest.raises(BadSettings, match="cannot be loaded"):
            build({}, str(path))


def test_absent_ambiguous_and_damaged_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="0 files"):
        build({}, str(tmp_path))
    for name in ("efficientnet-lite0.pth", "efficientnet-lite1.pth"):
        (tmp_path / name).write_bytes(b"damaged")
    with pytest.raises(BadSettings, match="2 files"):
        build({}, str(tmp_path))
    with pytest.raises(BadSettings, match=r"lite0\.pth cannot be loaded"):
        build({}, str(tmp_path / "efficientnet-lite0.pth"))


def test_norms_and_first_blocks_stand_still_while_later_ones_learn() -> None:
    torch.manual_seed(0)
    model = EfficientNetLite(**SMALL, frozen_blocks=3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimiser = build_optimiser(model, Optimiser(steps=1, weight_decay=0.1))
    model.train()(torch.randn(2, 3, 64, 64)).feature_maps[-1].square().sum().backward()
    optimiser.step()
    changed = {n for n, v in model.state_dict().items() if not torch.equal(v, before[n])}
    expected = {
        name
        for name, _ in model.named_parameters()
        if name.startswith("blocks.") and int(name.split(".")[1]) >= 3
    }
    assert changed == expected


def test_the_backbone_learns_at_its_own_rate() -> None:
    settings = Optimiser(steps=100, learning_rate=1e-3, warmup_steps=10, backbone_rate=0.2)
    model = DQFormer(TINY)
    optimiser = build_optimiser(model, settings)
    set_rate(optimiser, 50, settings)
    rates = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    assert len(rates) == sum(1 for _ in model.parameters())
    for name, parameter in model.named_parameters():
        share = 0.2 if name.startswith("backbone.") else 1.0
        assert rates[id(parameter)] == pytest.approx(share * learning_rate(50, settings)), name


def test_a_trained_network_does_not_ask_for_the_pretrained_weights(tmp_path: Path) -> None:
    named = replace(TINY, backbone=replace(TINY.backbone, pretrained=str(tmp_path / "gone")))
    model = DQFormer(TINY)
    model.config = named
    save_weights(tmp_path / "own.safetensors", model)
    with pytest.raises(BadSettings):
        DQFormer(named)
    assert load_weights(tmp_path / "own.safetensors").config == TINY


def test_the_exported_network_agrees(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = DQFormer(TINY).eval()
    write_onnx(model, tmp_path / "model.onnx")
    assert agreement(model, tmp_path / "model.onnx") >= 0.995


def test_coarse_products_are_made_inside_only() -> None:
    first, second = torch.rand(64, 64), torch.rand(64, 64)
    exact = first @ second
    with products_in("bfloat16"):
        inside = first @ second
    assert torch.equal(first @ second, exact)
    assert torch.allclose(inside, exact, rtol=2e-2)
