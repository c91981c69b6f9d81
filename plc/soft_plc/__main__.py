"""``python -m plc.soft_plc``: a simulated PLC for lines that have none."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from plc.soft_plc.belt import Belt, BeltPlan
from plc.soft_plc.link import BridgeLink
from plc.soft_plc.machine import SoftPlc
from plc.soft_plc.program import Program
from plc.soft_plc.tally import Tally
from runtime.worker import Stop

LARGEST_BOOT_ID = 4294  # part ids are boot id * 1,000,000 + count, within 32 bits


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m plc.soft_plc", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the bridge")
    parser.add_argument("--port", type=int, default=5020, help="Modbus port of the bridge")
    parser.add_argument("--unit", type=int, action="append", required=True, help="repeat for more")
    parser.add_argument("--parts-per-s", type=float, default=2.0, help="at each unit")
    parser.add_argument("--gate-after-ms", type=int, default=1200, help="from trigger to gate")
    parser.add_argument("--jitter", type=float, default=0.1, help="spread of the spacing, a share")
    parser.add_argument("--seed", type=int, default=0, help="of the spacing")
    parser.add_argument("--parts", type=int, help="at each unit; for ever if not given")
    parser.add_argument("--cycle-ms", type=float, default=8.0, help="scan time")
    parser.add_argument("--report", type=Path, required=True, help="JSON, replaced every second")
    return parser.parse_args()


def main() -> int:
    """Run the simulated PLC. Returns 0 when all parts are through, or it was told to end."""
    options, stop = arguments(), Stop.from_signals()
    boot_id = int(time.time()) % LARGEST_BOOT_ID + 1
    programs = {
        unit: Program(
            Belt(
                BeltPlan(
                    options.parts_per_s,
                    options.gate_after_ms,
                    options.jitter,
                    options.seed + number,
                    options.parts,
                ),
                boot_id,
            ),
            Tally(boot_id, options.parts),
        )
        for number, unit in enumerate(options.unit)
    }

    async def cycle() -> None:
        link = BridgeLink(options.host, options.port)
        await SoftPlc(link, programs, options.report, options.cycle_ms).run(stop)

    asyncio.run(cycle())
    return stop.exit_code


if __name__ == "__main__":
    sys.exit(main())
