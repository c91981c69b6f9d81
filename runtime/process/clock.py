"""What time it is, on both clocks, as a part that can be replaced."""

from __future__ import annotations

import time
from pathlib import Path

from contracts.identity import Clock, Stamp

__all__ = ["Clock", "ManualClock", "SystemClock"]

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """This machine's clocks. The boot id says which machine and which run of it."""

    def __init__(self) -> None:
        self._boot_id = BOOT_ID.read_text(encoding="ascii").strip()

    def now(self) -> Stamp:
        """The moment of the call."""
        return Stamp(utc_ns=time.time_ns(), monotonic_ns=time.monotonic_ns(), boot_id=self._boot_id)


class ManualClock:
    """A clock that only moves when told to: for tests and simulations."""

    def __init__(self, start_ns: int = 1_700_000_000_000_000_000, boot_id: str = "manual") -> None:
        self._utc_ns = start_ns
        self._monotonic_ns = 0
        self._boot_id = boot_id

    def now(self) -> Stamp:
        """Start plus what was advanced since."""
        return Stamp(utc_ns=self._utc_ns, monotonic_ns=self._monotonic_ns, boot_id=self._boot_id)

    def advance_ms(self, milliseconds: float) -> None:
        """Move both clocks on."""
        step_ns = round(milliseconds * 1e6)
        self._utc_ns += step_ns
        self._monotonic_ns += step_ns

    def set_utc(self, utc_ns: int) -> None:
        """Set the clock that people can set; the monotonic one goes on."""
        self._utc_ns = utc_ns
