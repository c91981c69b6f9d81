"""Kill -9 of each process in the middle of a run: the ledger closes and nothing passes unseen."""

import os
import signal
import time
from pathlib import Path

import pytest

from contracts.errors import Unavailable
from referee.line.supervision import Supervisor
from runtime.process.run_folder import RunFolder
from tests.e2e.lines import running, summary_of, total, write_line

PARTS = 50
PARTS_PER_S = 5
VICTIMS = (
    "inference",
    "triton",
    "redis-frames",
    "redis-journal",
    "mosquitto",
    "bridge",
    "storage",
    "ingest",
    "archive",
)


def kill_in_the_middle(supervisor: Supervisor, report: Path, victim: str) -> None:
    """Kill the process once the belt runs."""
    deadline = time.monotonic() + 240
    while not report.exists():
        assert time.monotonic() < deadline, "the belt never started"
        time.sleep(0.2)
    time.sleep(PARTS / PARTS_PER_S / 3)
    try:
        os.kill(supervisor.pid(victim), signal.SIGKILL)
    except Unavailable as error:
        raise AssertionError(f"the line was gone before {victim} could be killed") from error


@pytest.mark.parametrize("victim", VICTIMS)
def test_the_ledger_closes_after_kill(victim: str, tmp_path: Path) -> None:
    line = write_line(tmp_path, parts_per_s=PARTS_PER_S)
    run_dir = tmp_path / "run"
    with running(line, run_dir, PARTS) as process:
        folder = RunFolder(run_dir)
        kill_in_the_middle(Supervisor(folder), folder.soft_plc_report, victim)
        summary = summary_of(process)
    told = {key: value for key, value in summary.items() if key != "stderr"}
    assert summary["ledger_closed"], told
    assert summary["triggered"] == total(summary) >= PARTS, told
    assert summary["gate"]["wrong_pass"] == 0, told
    assert summary["restarts"].get(victim) == 1, told
    # Every part without an in-time pass was ejected: what went through the gate is a pass.
    assert summary["gate"]["passed"] <= summary["pass"], told
    assert summary["exit_code"] == 0, told
