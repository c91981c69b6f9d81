"""The network in ONNX Runtime, as Triton's model loads it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from inference.serving import network
from inference.serving.network import Network, available_providers
from tests.contract.inference.tiny_network import STRIDE

CPU = "CPUExecutionProvider"


def test_providers_that_are_here_in_the_given_order() -> None:
    assert available_providers(["NoSuchProvider", CPU]) == [CPU]


def test_no_provider_is_an_error_and_no_silent_cpu() -> None:
    with pytest.raises(ValueError, match="NoSuchProvider"):
        available_providers(["NoSuchProvider"])


def test_pictures_in_a_batch_answer_as_alone_and_the_version_is_the_files(
    tiny_models: Path,
) -> None:
    path = tiny_models / "dqformer" / "1" / "model.onnx"
    loaded = Network(path, "mine", threads=1, providers=[CPU])
    assert loaded.version == f"mine-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    pictures = np.random.default_rng(1).integers(0, 256, (2, 3, 64, 32), np.uint8)
    states, mask = np.ones((3, 32, 384), np.float32), np.ones((3, 32), bool)
    both = loaded.run(pictures, states, mask)
    assert both.margin.shape == (2, 3, 64 // STRIDE, 32 // STRIDE)
    assert both.presence.shape == (2, 3)
    alone = loaded.run(pictures[1:], states, mask)
    np.testing.assert_allclose(both.margin[1], alone.margin[0], atol=1e-5)


def test_the_network_is_held_once_with_the_given_threads(
    tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    real = network.onnxruntime.InferenceSession

    def noted(path: str, options: onnxruntime.SessionOptions, providers: list[str]) -> object:
        opened.append(options.intra_op_num_threads)
        return real(path, options, providers=providers)

    monkeypatch.setattr(network.onnxruntime, "InferenceSession", noted)
    Network(tiny_models / "dqformer" / "1" / "model.onnx", "mine", threads=4, providers=[CPU])
    assert opened == [4]
