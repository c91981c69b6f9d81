"""The exported DQFormer in ONNX Runtime."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime

STATE_WIDTH = 384
CPU = "CPUExecutionProvider"
NUMPY_TYPES = {
    "tensor(uint8)": np.uint8,
    "tensor(float)": np.float32,
    "tensor(bool)": np.bool_,
    "tensor(int64)": np.int64,
}


def present_of(providers: Sequence[str]) -> list[str]:
    """Those execution providers that this machine's ONNX Runtime has, in the given order.

    Raises:
        ValueError: it has none of them.
    """
    present = onnxruntime.get_available_providers()
    chosen = [name for name in providers if name in present]
    if not chosen:
        raise ValueError(f"none of the execution providers {providers} is here, but {present} are")
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

    def __init__(
        self, path: Path, threads: int, providers: Sequence[str], at_once: int = 1
    ) -> None:
        """``threads`` of a pass that runs alone; ``at_once`` passes, in processes like this one,
        share them."""
        chosen, share = present_of(providers), max(1, threads // at_once)
        self._session = self._beside = _opened(path, threads, chosen)
        if chosen[0] == CPU and share < threads:
            self._beside = _opened(path, share, chosen)
        self._types = {put.name: NUMPY_TYPES[put.type] for put in self._session.get_inputs()}
        self.version = f"dqformer-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"

    def run(
        self,
        images: np.ndarray,
        states: np.ndarray,
        token_mask: np.ndarray,
        *,
        is_beside: bool = False,
    ) -> Scores:
        """One pass.

        Args:
            images: (B, 3, H, W), RGB, 0..255; H and W multiples of 32.
            states: (N, L, 384) float32.
            token_mask: (N, L) bool.
            is_beside: another pass may run at the same time.
        """
        feeds = {"image": images, "tokens": states, "token_mask": token_mask}
        typed = {name: value.astype(self._types[name]) for name, value in feeds.items()}
        session = self._beside if is_beside else self._session
        return Scores(*session.run(["margin", "presence"], typed))

    def warm_up(self, sides_px: Sequence[int] = (256, 384)) -> None:
        """Let the first part of a shift not be the slow one."""
        states, mask = np.zeros((1, 32, STATE_WIDTH), np.float32), np.ones((1, 32), bool)
        for side, is_beside in product(sides_px, (False, True)):
            image = np.zeros((1, 3, side, side), np.uint8)
            self.run(image, states, mask, is_beside=is_beside)


def _opened(path: Path, threads: int, providers: Sequence[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin between parts take the cores from the line's other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=list(providers))
    if providers[0] not in session.get_providers():  # it falls back to the CPU by itself
        raise RuntimeError(f"ONNX Runtime has {providers[0]} and cannot use it: see its log")
    return session
