"""Clocks tell both times; log lines are JSON with process and time."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from runtime.process.clock import ManualClock, SystemClock

LOGS = """
import logging
from types import SimpleNamespace
import structlog
from runtime.process.log import configure
log = structlog.get_logger()
configure("bridge", SimpleNamespace(log_level="INFO", log_format="json"))
log.debug("not shown")
log.info("part", trigger_seq=7)
logging.getLogger("library").warning("by a %s", "library")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken")
"""


def test_the_system_clock_runs_on_both_scales() -> None:
    clock = SystemClock()
    first = clock.now()
    time.sleep(0.01)
    second = clock.now()
    assert 9 < second.ms_since(first) < 1000
    assert first.boot_id == SystemClock().now().boot_id
    assert abs(first.utc_ns - time.time_ns()) < 10e9


def test_the_manual_clock_moves_when_told() -> None:
    clock = ManualClock(start_ns=5)
    first = clock.now()
    clock.advance_ms(1.5)
    assert clock.now().ms_since(first) == 1.5
    assert clock.now().utc_ns == 1_500_005


def test_every_log_line_is_json_with_process_and_time() -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOGS], capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["part", "by a library", "broken"]
    assert all(line["process"] == "bridge" and line["timestamp"] for line in lines)
    assert (lines[0]["trigger_seq"], lines[0]["level"]) == (7, "info")
    assert lines[2]["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert "locals" not in json.dumps(lines)  # they may hold passwords
    assert result.stdout == ""
