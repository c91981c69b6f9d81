"""Settings of the bridge: those of every process, and its own."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from contracts.line import Port
from plc.core.part_book import Timing
from runtime.process.settings import Names, ProcessSettings


class BridgeSettings(ProcessSettings):
    """Where the PLC finds the bridge, and how long things may take."""

    modbus_host: Annotated[str, Field(title="Address that the Modbus server binds")] = "127.0.0.1"
    modbus_port: Annotated[Port, Field(title="Port of the Modbus server")] = 5020
    opcua_host: Annotated[str, Field(title="Address that the OPC UA server binds")] = "127.0.0.1"
    opcua_port: Annotated[
        int, Field(ge=0, le=65535, title="Port of the OPC UA server; 0: none")
    ] = 0
    opcua_stations: Annotated[
        Names, Field(title="Stations whose PLC speaks OPC UA; the PLCs of the others speak Modbus")
    ] = ()
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

    clock_bound_ms: Annotated[
        int, Field(ge=1, title="Wall clocks of ingest and bridge further apart give no passes")
    ] = 50

    @model_validator(mode="after")
    def _opcua_stations_can_be_reached(self) -> Self:
        unknown = sorted(set(self.opcua_stations).difference(self.stations))
        if unknown:
            raise ValueError(f"OPCUA_STATIONS names {unknown[0]}, which STATIONS does not")
        if self.opcua_stations and not self.opcua_port:
            raise ValueError("OPCUA_STATIONS needs OPCUA_PORT: else no PLC reaches them")
        return self

    @property
    def timing(self) -> Timing:
        """The times as the stations take them."""
        return Timing(
            self.result_hold_ms,
            self.result_ack_ms,
            self.plc_stale_ms,
            self.confirm_ms,
            self.clock_bound_ms,
        )
