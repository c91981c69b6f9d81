"""The long benchmark of the bridge, short: 500 parts, two restarts, late and lost verdicts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
from tenacity import retry, stop_after_delay, wait_fixed

from benchmarks.plc.outcome import outcome_of
from benchmarks.plc.plc_run import Plan, run
from contracts.causes import Cause
from tests.waiting import PATIENCE_S

PLAN = Plan(parts=500, parts_per_s=40, restarts=2, deadline_ms=600)


def test_restarts_late_and_lost_verdicts_bring_no_wrong_pass_and_a_closed_ledger(tmp_path: Path):
    outcome = outcome_of(run(PLAN, tmp_path))
    assert outcome.broken(over_rejected_allowed=PLAN.parts) == []  # how quick is no test's to say
    assert (outcome.triggered, outcome.restarts) == (500, 2)
    assert outcome.late > 0
    of_restarts = [outcome.no_verdict[c] for c in (Cause.BRIDGE_RESTART, Cause.MISSED_TRIGGER)]
    assert sum(of_restarts) > 0
    assert outcome.no_verdict[Cause.EXPIRED] > 0
    assert outcome.passed > 0


@retry(stop=stop_after_delay(20), wait=wait_fixed(0.1))
def five_children(bench: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Redis, Mosquitto, storage, bridge and PLC."""
    children = psutil.Process(bench.pid).children()
    assert len(children) == 5
    return children


def test_ended_by_sigterm_it_leaves_no_process(tmp_path: Path):
    command = [sys.executable, "-m", "referee", "bench", "plc", "--folder", str(tmp_path)]
    bench = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        children = five_children(bench)
        bench.terminate()
        bench.wait(PATIENCE_S)
        _, left = psutil.wait_procs(children, 5)
        assert not left
    finally:
        bench.kill()
