"""A made-up run of `referee bench`."""

from __future__ import annotations

import numpy as np

from benchmarks.line.memory import MemoryRun, RedisEnd, Sample
from benchmarks.line.report import Measured
from benchmarks.line.scenario import Scenario
from benchmarks.line.spread import Spread
from benchmarks.line.stretch import Stretch


def stretch(name: str, a_second: float, to_plc_ms: list[float]) -> Stretch:
    return Stretch(
        scenario=Scenario(name, 1.3, 100),
        triggered=100,
        inspected=80,
        causes={"overload": 20},
        inspected_a_second=a_second,
        to_plc_ms=Spread.of(to_plc_ms),
        from_trigger_ms=Spread.of([ms + 2 for ms in to_plc_ms]),
        answered_ms={"overload": Spread.of([3.0, 5.0])},
        unanswered=0,
        steps_ms={"capture": 1.0, "network": 80.0},
        cpu_ms={"triton": 160.0, "bridge": 2.0, "ingest": 9.0, "soft-plc": 5.0},
        pss_mb={"triton": 600.0, "bridge": 60.0, "ingest": 90.0, "soft-plc": 50.0},
        is_closed=True,
    )


def a_run() -> Measured:
    """Half and full load, most prompts and stations; no paper."""
    return Measured(
        network={1: Spread.of([80.0] * 99 + [160.0]), 16: Spread.of([120.0])},
        served={1: Spread.of([84.0])},
        stretches={
            "half load": stretch("half load", 6.0, [100.0] * 99 + [300.0]),
            "full load": stretch("full load", 10.0, [150.0]),
            "16 prompts": stretch("16 prompts", 8.0, [150.0]),
            "8 stations": stretch("8 stations", 9.5, [150.0]),
        },
        torch_loop=Spread.of([200.0]),
        paper=None,
        about={"date": "2026-01-01"},
    )


def looks(count: int, triton_mb_per_part: float, seed: int = 3) -> list[Sample]:
    """The bridge stands still, Triton grows, ingest (simulated) leaks; each look is noisy."""
    noise = np.random.default_rng(seed).normal(0, 0.2, (count, 2))
    return [
        Sample(
            index * 50,
            {
                "triton": 600 + triton_mb_per_part * index * 50 + noise[index, 0],
                "bridge": 60 + noise[index, 1],
                "ingest": 90 + index,
            },
            {"redis-frames": 5.0},
        )
        for index in range(count)
    ]


def watched(samples: list[Sample]) -> MemoryRun:
    return MemoryRun(2.0, samples, {"redis-frames": RedisEnd(5.0, 512.0, 2, {"frames:s1": 3})})
