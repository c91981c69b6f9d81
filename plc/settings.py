"""Settings of the bridge: those of every process, and its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from contracts.line import Port
from plc.part_book import Timing
from runtime.settings import ProcessSettings


class BridgeSettings(ProcessSettings):
    """Where the PLC finds the bridge, and how long things may take."""

    modbus_host: Annotated[str, Field(title="Address that the Modbus server binds")] = "127.0.0.1"
    modbus_port: Annotated[Port, Field(title="Port of the Modbus server")] = 5020
    result_hold_ms: Annotated[
        int, Field(ge=0, title="A result other than a pass stays at least so long")
    ] = 50
    result_ack_ms: Annotated[
        int, Field(ge=50, title="A result other than a pass may be replaced after so long")
    ] = 1000
    plc_stale_ms: Annotated[
        int, Field(ge=100, title="A PLC whose heartbeat stands still for so long is silent")
    ] = 2000
    confirm_ms: Annotated[
        int, Field(ge=100, title="Longest wait for the gate's confirmation of an ejection")
    ] = 10_000

    @property
    def journal_path(self) -> Path:
        """The bridge's journal."""
        return self.run_dir / "bridge.sqlite"

    @property
    def timing(self) -> Timing:
        """The times as the stations take them."""
        return Timing(self.result_hold_ms, self.result_ack_ms, self.plc_stale_ms, self.confirm_ms)
