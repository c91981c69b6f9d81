"""Waiting for something to happen. How long it takes says how busy the machine is, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 90.0
"""Longer than anything takes on a busy machine; a test that waits so long has failed."""


def until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Wait until ``condition`` holds. Fails after ``timeout_s``."""
    give_up_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up_s, "it did not happen"
        time.sleep(0.005)
