"""The exported network in ONNX Runtime."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime

STATE_WIDTH = 384
NUMPY_TYPES = {
    "tensor(uint8)": np.uint8,
    "tensor(float)": np.float32,
    "tensor(bool)": np.bool_,
    "tensor(int64)": np.int64,
}


def available_providers(providers: Sequence[str]) -> list[str]:
    """Return those execution providers that this machine's ONNX Runtime has, in the given order.

    Raises:
        ValueError: it has none of them.
    """
    present = onnxruntime.get_available_providers()
    chosen = [name for name in providers if name in present]
    if not chosen:
        raise ValueError(f"ONNX Runtime has none of the providers {providers}, only {present}")
    return chosen


class Scores(NamedTuple):
    """Answer for B pictures and N prompts.

    Attributes:
        margin: (B, N, h, w) float32, Anomaly minus Background logit.
        presence: (B, N) float32, logit.
    """

    margin: np.ndarray
    presence: np.ndarray


class Network:
    """``model.onnx`` with its weights; the same file gives the same ``version`` everywhere."""

    def __init__(self, path: Path, name: str, threads: int, providers: Sequence[str]) -> None:
        """Load the file.

        Args:
            name: of the model; ``version`` begins with it.
            threads: that one pass computes with.
            providers: ONNX Runtime's execution providers, by preference.
        """
        self._session = _open_session(path, threads, available_providers(providers))
        self._types: dict[str, type] = {
            put.name: NUMPY_TYPES[put.type] for put in self._session.get_inputs()
        }
        self.version = f"{name}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"

    def run(self, images: np.ndarray, states: np.ndarray, token_mask: np.ndarray) -> Scores:
        """Run one pass.

        Args:
            images: (B, 3, H, W), RGB, 0..255; H and W multiples of 32.
            states: (N, L, 384) float32.
            token_mask: (N, L) bool.
        """
        feeds = {"image": images, "tokens": states, "token_mask": token_mask}
        typed: dict[str, np.ndarray] = {
            name: value.astype(self._types[name]) for name, value in feeds.items()
        }
        return Scores(*self._session.run(["margin", "presence"], typed))

    def warm_up(self, sides_px: Sequence[int] = (256, 384)) -> None:
        """Run it once at each size, so that the first part is not slow."""
        states, mask = np.zeros((1, 32, STATE_WIDTH), np.float32), np.ones((1, 32), bool)
        for side in sides_px:
            self.run(np.zeros((1, 3, side, side), np.uint8), states, mask)


def _open_session(
    path: Path, threads: int, providers: Sequence[str]
) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin between parts take the cores from the line's other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=list(providers))
    if providers[0] not in session.get_providers():  # it falls back to the CPU by itself
        raise RuntimeError(f"ONNX Runtime has {providers[0]} and cannot use it: see its log")
    return session
