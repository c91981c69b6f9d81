"""Waiting for something to happen. How long it takes says how busy the machine is, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 90.0
"""Longer than anything takes on a busy machine; a test that waits so long has failed."""


def until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> float:
    """Wait until ``condition`` holds and return how long it took, s. Fails after ``timeout_s``."""
    start_s = time.monotonic()
    while not condition():
        assert time.monotonic() - start_s < timeout_s, "it did not happen"
        time.sleep(0.005)
    return time.monotonic() - start_s
