"""The network in ONNX Runtime, as Triton's model loads it."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest

from referee.project import MODELS
from tests.contract.inference.tiny_network import STRIDE

CPU = "CPUExecutionProvider"


@pytest.fixture(scope="module")
def network() -> ModuleType:
    """Loaded by path, as Triton does: nothing imports the model repository."""
    path = MODELS / "dqformer" / "1" / "network.py"
    spec = importlib.util.spec_from_file_location("network", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_providers_that_are_here_in_the_given_order(network: ModuleType) -> None:
    assert network.present_of(["NoSuchProvider", CPU]) == [CPU]


def test_no_provider_is_an_error_and_no_silent_cpu(network: ModuleType) -> None:
    with pytest.raises(ValueError, match="NoSuchProvider"):
        network.present_of(["NoSuchProvider"])


def test_pictures_in_a_batch_answer_as_alone_and_the_version_is_the_files(
    network: ModuleType, tiny_models: Path
) -> None:
    path = tiny_models / "dqformer" / "1" / "model.onnx"
    loaded = network.Network(path, threads=1, providers=[CPU])
    assert loaded.version == f"dqformer-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    pictures = np.random.default_rng(1).integers(0, 256, (2, 3, 64, 32), np.uint8)
    states, mask = np.ones((3, 32, 384), np.float32), np.ones((3, 32), bool)
    both = loaded.run(pictures, states, mask)
    assert both.margin.shape == (2, 3, 64 // STRIDE, 32 // STRIDE)
    assert both.presence.shape == (2, 3)
    alone = loaded.run(pictures[1:], states, mask)
    np.testing.assert_allclose(both.margin[1], alone.margin[0], atol=1e-5)


def test_passes_at_once_share_the_threads_and_answer_alike(
    network: ModuleType, tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    real = network.onnxruntime.InferenceSession

    def noted(path: str, options: onnxruntime.SessionOptions, providers: list[str]) -> object:
        opened.append(options.intra_op_num_threads)
        return real(path, options, providers=providers)

    monkeypatch.setattr(network.onnxruntime, "InferenceSession", noted)
    path = tiny_models / "dqformer" / "1" / "model.onnx"
    shared = network.Network(path, threads=4, providers=[CPU], at_once=2)
    assert opened == [4, 2]
    picture = np.random.default_rng(2).integers(0, 256, (1, 3, 64, 64), np.uint8)
    states, mask = np.ones((1, 32, 384), np.float32), np.ones((1, 32), bool)
    alone = shared.run(picture, states, mask)
    beside = shared.run(picture, states, mask, is_beside=True)
    np.testing.assert_allclose(beside.margin, alone.margin, atol=1e-5)

    opened.clear()
    for threads in (1, 4):
        network.Network(path, threads=threads, providers=[CPU], at_once=1)
    network.Network(path, threads=1, providers=[CPU], at_once=2)
    assert opened == [1, 4, 1]  # nothing to share
