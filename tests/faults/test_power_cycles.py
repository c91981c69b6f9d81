"""The campaign of power cycles, short: PLC and bridge are cut a few times."""

from __future__ import annotations

from pathlib import Path

from benchmarks.plc.power_outcome import power_outcome
from benchmarks.plc.power_run import PowerPlan, power_run


def test_power_cycles_make_no_phantom_part_and_no_wrong_pass(tmp_path: Path):
    plan = PowerPlan(cycles=4, retentive=True, seed=7)
    outcome = power_outcome(power_run(plan, tmp_path))
    assert outcome.broken == []
    assert sum(outcome.cuts.values()) == 4
    assert outcome.epochs > 1
