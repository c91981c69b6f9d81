"""Power cycles of bridge and PLC: half of them with a retentive counter, half without."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.plc.power_outcome import PowerOutcome, power_outcome
from benchmarks.plc.power_run import PowerPlan, power_run


class PowerRun(NamedTuple):
    """One of the two runs."""

    plan: PowerPlan
    outcome: PowerOutcome

    @property
    def name(self) -> str:
        """What its PLC's counter does after a power cycle."""
        return "retentive counter" if self.plan.retentive else "counter that begins at 0"


def power_benchmark(cycles: int, seed: int, folder: Path | None = None) -> list[PowerRun]:
    """Run both; ``folder`` keeps logs, journals and databases."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as by Ctrl-C
    halves = {"retentive": cycles - cycles // 2, "anew": cycles // 2}
    with tempfile.TemporaryDirectory(prefix="referee-power-") as scratch:
        at = (folder or Path(scratch)).resolve()
        plans = {
            name: PowerPlan(count, retentive=name == "retentive", seed=seed + (name == "anew"))
            for name, count in halves.items()
            if count
        }
        return [
            PowerRun(plan, power_outcome(power_run(plan, at / name)))
            for name, plan in plans.items()
        ]


def broken(runs: Sequence[PowerRun]) -> list[str]:
    """Return the promises that do not hold, each as a sentence."""
    return [f"{run.name}: {promise}" for run in runs for promise in run.outcome.broken]
