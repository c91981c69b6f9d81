"""Waiting for something to happen, no longer than it may take."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> float:
    """Wait for a condition; returns how long it took."""
    start_s = time.monotonic()
    while not condition():
        assert time.monotonic() - start_s < timeout_s, "it did not happen"
        time.sleep(0.005)
    return time.monotonic() - start_s
