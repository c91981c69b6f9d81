"""A long run of the PLC bridge: what must hold, and how long the bridge itself takes.

The bridge, Redis, Mosquitto, storage and the simulated PLC are real processes. Camera and
inference are scripted: passes and rejects by seed, 2 % of the verdicts late, 1 % lost.
"""

from __future__ import annotations

import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.plc.outcome import Outcome, outcome_of
from benchmarks.plc.plc_page import P99_GOAL_MS, Setting
from benchmarks.plc.plc_run import Plan, run
from benchmarks.plc.script import Mixture
from benchmarks.plc.share import Share, share_of

EVEN = Mixture(late=0, lost=0, soonest_ms=40, latest_ms=50)
"""Verdicts as far apart as the parts, so that few wait for the PLC, whose time is its own."""
QUICK_SCAN_MS = 4.0


@dataclass(frozen=True)
class PlcOptions:
    """What to run.

    Attributes:
        parts: parts of the run with restarts; 0 leaves that run out.
        rate: parts a second of that run.
        restarts: how often the bridge is killed (SIGKILL) and started again.
        p99_parts: parts of the run that is timed; 0 leaves that run out.
        p99_rate: parts a second of that run.
        folder: keeps logs, journal and database; a temporary one if None.
    """

    parts: int = 10_000
    rate: float = 20.0
    restarts: int = 5
    p99_parts: int = 1500
    p99_rate: float = 50.0
    seed: int = 1
    folder: Path | None = None


def plc_benchmark(options: PlcOptions, command: str) -> Setting:
    """Run the benchmark; ``command`` is shown on the page."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as by Ctrl-C
    with tempfile.TemporaryDirectory(prefix="referee-plc-line-") as scratch:
        return measure(options, (options.folder or Path(scratch)).resolve(), command)


def measure(options: PlcOptions, folder: Path, command: str) -> Setting:
    """Run both parts of the benchmark in a folder."""
    line: tuple[Plan, Outcome] | None = None
    share: tuple[Plan, Share] | None = None
    broken: list[str] = []
    if options.parts:
        plan = Plan(options.parts, options.rate, options.restarts, options.seed)
        line = plan, outcome_of(run(plan, folder / "line"))
        broken += line[1].broken()
    if options.p99_parts:
        plan = Plan(
            options.p99_parts,
            options.p99_rate,
            seed=options.seed,
            jitter=0.1,
            cycle_ms=QUICK_SCAN_MS,
            mixture=EVEN,
        )
        facts = run(plan, folder / "share")
        share = plan, share_of(facts.times)
        broken += outcome_of(facts).broken()
        p99_ms = share[1].own.p99
        if p99_ms is None or p99_ms > P99_GOAL_MS:
            broken.append(f"p99 of the bridge's own share is {p99_ms} ms, over {P99_GOAL_MS:g}")
    return Setting(command, broken, line, share)
