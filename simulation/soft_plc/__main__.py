"""``python -m simulation.soft_plc``: a simulated PLC for lines that have none.

SIGUSR1 takes its power away for a moment. So does SIGUSR2, which leaves its connection open.
"""

from __future__ import annotations

import asyncio
import signal
import time
from functools import partial

from runtime.process.loop import Stop
from runtime.process.program import run_process
from simulation.soft_plc.link import BridgeLink
from simulation.soft_plc.machine import SoftPlc
from simulation.soft_plc.options import parsed, programs
from simulation.soft_plc.program import LARGEST_BOOT_ID


def main() -> int:
    """Run the simulated PLC. Return 0 once all parts are through or a signal ended it."""
    options, stop = parsed(), Stop.from_signals()
    by_unit = programs(options, boot_id=int(time.time()) % LARGEST_BOOT_ID + 1)

    async def cycle() -> None:
        link = BridgeLink(options.host, options.port)
        plc = SoftPlc(link, by_unit, options.report, options.cycle_ms)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, partial(plc.cut_power, closed=True))
        loop.add_signal_handler(signal.SIGUSR2, partial(plc.cut_power, closed=False))
        await plc.run(stop)

    asyncio.run(cycle())
    return stop.exit_code


if __name__ == "__main__":
    run_process("soft-plc", main)
