"""Two starts of the bridge process over one journal."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.contract.plc.modbus_peers import Plc
from tests.contract.plc.plc_line import PlcLine, plc_line, release

STOPPED_CLOCK = "import time\ntime.time_ns = lambda: 1_800_000_000_000_000_000\n"


def test_two_starts_have_different_boot_ids_even_if_the_clock_stands_still(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(STOPPED_CLOCK)
    with plc_line(tmp_path, ["top"]) as line:
        line.bridge_settings = {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
        line.configure(release("top"))
        boot_ids = [_boot_id_of_a_start(line) for _ in range(3)]
    assert len(set(boot_ids)) == 3
    assert all(1 <= boot_id <= 0xFFFF for boot_id in boot_ids)


def _boot_id_of_a_start(line: PlcLine) -> int:
    line.start_bridge()
    try:
        with Plc(line.modbus_port, unit=1, boot_id=9) as plc:
            return int(plc.seen["bridge_boot_id"])
    finally:
        line.end_bridge(signal.SIGKILL)
