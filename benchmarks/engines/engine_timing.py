"""Calls of several engines in turns, so that a busy machine hits all alike."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.engines.engine import Engine
from benchmarks.line.scenario import WORDS
from inference.imaging import to_network
from inference.text_encoder import TextEncoder
from referee.line.servers.served_network import ServedNetwork
from simulation.plates.render import render

SEED, DEFECT_SHARE = 20_262, 0.5
WARM_UP = 2
PAUSE_S = 0.02
"""Threads that still spin after a call are charged to it."""


class Case(NamedTuple):
    """One shape of a call."""

    threads: int
    prompts: int = 1
    batch: int = 1
    side_px: int = 512


class Taken(NamedTuple):
    """Milliseconds a picture: median, least, and the middle half's width."""

    median: float
    least: float
    spread: float

    @classmethod
    def of(cls, values_ms: Sequence[float]) -> Taken:
        low, high = np.percentile(values_ms, (25, 75))
        return cls(median(values_ms), min(values_ms), float(high - low))

    def __str__(self) -> str:
        return f"{self.median:.1f} ({self.least:.1f}, {self.spread:.1f})"


class Timed(NamedTuple):
    """One engine in one case."""

    wall: Taken
    cpu: Taken


SHAPES: Sequence[Mapping[str, int]] = (
    {},
    {"prompts": 4},
    {"prompts": 16},
    {"batch": 2},
    {"batch": 4},
    {"side_px": 640},
)
CASES = [Case(threads, **shape) for threads in (1, 2) for shape in SHAPES]


def in_turns(
    engines: Mapping[str, Engine],
    case: Case,
    served: ServedNetwork,
    encoder: TextEncoder,
    times: int,
) -> dict[str, Timed]:
    """Every engine in turn, so often; the order turns round each time."""
    words = encoder.encode(list(WORDS[: case.prompts]))
    images = np.stack(parts(case.side_px, case.batch, served))
    wall_ms: dict[str, list[float]] = {name: [] for name in engines}
    cpu_ms: dict[str, list[float]] = {name: [] for name in engines}
    for turn in range(WARM_UP + times):
        for name in list(engines)[:: 1 if turn % 2 else -1]:
            wall, cpu = time.perf_counter(), time.process_time()
            engines[name](images, words)
            wall = time.perf_counter() - wall
            time.sleep(PAUSE_S)
            cpu = time.process_time() - cpu
            if turn >= WARM_UP:
                wall_ms[name].append(wall * 1e3 / case.batch)
                cpu_ms[name].append(cpu * 1e3 / case.batch)
    return {name: Timed(Taken.of(wall_ms[name]), Taken.of(cpu_ms[name])) for name in engines}


def parts(side_px: int, count: int, served: ServedNetwork) -> list[np.ndarray]:
    """Rendered parts as the network takes them, (3, H, W) uint8."""
    return [
        to_network(
            render(SEED, index, side_px, side_px, DEFECT_SHARE).image,
            served.max_side_px,
            served.multiple,
        ).pixels
        for index in range(count)
    ]
