"""The simulated PLC's cycle: belt, gate and registers, unit by unit, until it is stopped."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from contracts.errors import Unavailable
from runtime.process.loop import Stop
from simulation.soft_plc.link import BridgeLink
from simulation.soft_plc.program import Program

log = structlog.get_logger()

REPORT_EVERY_S = 1.0
_RETRY_S = 0.1


class SoftPlc:
    """Programs by unit id on one connection."""

    def __init__(
        self, link: BridgeLink, programs: Mapping[int, Program], report: Path, cycle_ms: float
    ) -> None:
        self._link = link
        self._programs = programs
        self._report = report
        self._cycle_s = cycle_ms / 1000
        self._report_s = 0.0
        self._boot_ids = [program.belt.boot_id for program in programs.values()]
        self._retry_s = dict.fromkeys(programs, 0.0)

    async def run(self, stop: Stop) -> None:
        """Cycle until ``stop``, or until every program is done."""
        moving = asyncio.create_task(self._keep_moving())
        while not stop.is_set() and not self._is_done():
            started_s = time.monotonic()
            self._follow_power()
            for unit, program in self._programs.items():
                await self._exchange(unit, program)
            if started_s >= self._report_s:
                self.write_report(done=False, whole=False)
                self._report_s = started_s + REPORT_EVERY_S
            await asyncio.sleep(max(0.0005, self._cycle_s - (time.monotonic() - started_s)))
        moving.cancel()
        self.write_report(done=self._is_done(), whole=True)
        self._link.close()

    def cut_power(self, *, closed: bool) -> None:
        """Take the power of all programs away for a moment; ``closed``: the bridge is told."""
        for program in self._programs.values():
            program.cut_power()
        self._follow_power(closed=closed)

    def _follow_power(self, *, closed: bool = True) -> None:
        """Lose the connection with the power."""
        boot_ids = [program.belt.boot_id for program in self._programs.values()]
        if boot_ids != self._boot_ids:
            self._boot_ids = boot_ids
            self._link.cut(closed=closed)

    def write_report(self, *, done: bool, whole: bool) -> None:
        """Replace the report; ``whole`` includes every part."""
        units = {str(unit): program.report(whole=whole) for unit, program in self._programs.items()}
        body = json.dumps({"done": done, "at_utc_ns": time.time_ns(), "units": units})
        unfinished = self._report.with_suffix(".part")
        unfinished.write_text(body, encoding="utf-8")
        os.replace(unfinished, self._report)

    async def _keep_moving(self) -> None:
        """Run belt and gate while the bridge is slow to answer."""
        while True:
            for program in self._programs.values():
                program.move(time.monotonic_ns())
            await asyncio.sleep(self._cycle_s)

    def _is_done(self) -> bool:
        return all(program.is_done for program in self._programs.values())

    async def _say(self, unit: int, program: Program) -> None:
        while (image := program.next_write()) is not None:
            await self._link.write(unit, image)
            program.wrote(image)

    async def _exchange(self, unit: int, program: Program) -> None:
        if time.monotonic() < self._retry_s[unit] or program.is_away:
            return
        try:
            await self._link.open()
            await self._say(unit, program)
            program.read(await self._link.read(unit))
            await self._say(unit, program)  # an acknowledgement waits for no scan
        except Unavailable as error:
            if program.connected:
                log.warning("bridge_lost", unit=unit, reason=error.reason)
            program.lost()
            self._retry_s[unit] = time.monotonic() + _RETRY_S
