"""Settings of the bridge: those of every process, and its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from contracts.errors import UserError
from contracts.fieldbus import FIELDBUSES, MODBUS, USUAL_PORTS, plain_address, variables_of
from contracts.identity import Slug
from contracts.plugins import plugin_names
from contracts.roster import RosterStation
from plc.core.part_book import Timing
from runtime.process.settings import Names, ProcessSettings, load


def _by_station(text: object) -> object:
    """Return the addresses of each station of ``top=10.0.0.5,side=10.0.0.6``."""
    if not isinstance(text, str):
        return text
    found: dict[str, list[str]] = {}
    for each in filter(None, map(str.strip, text.split(","))):
        station, equals, address = each.partition("=")
        if not equals:
            raise ValueError(f"{each!r} is not STATION=ADDRESS")
        found.setdefault(station, []).append(plain_address(address))
    return found


Peers = Annotated[dict[Slug, tuple[str, ...]], NoDecode, BeforeValidator(_by_station)]


class BridgeSettings(ProcessSettings):
    """Times of the bridge, in milliseconds."""

    result_hold_ms: Annotated[
        int, Field(ge=0, title="Shortest time that a result other than a pass is shown, ms")
    ] = 50
    result_ack_ms: Annotated[
        int, Field(ge=50, title="After this time any result may replace one that is not a pass, ms")
    ] = 1000
    plc_stale_ms: Annotated[
        int,
        Field(ge=100, title="A PLC is silent if its heartbeat stands still this long, ms"),
    ] = 2000
    plc_grace_ms: Annotated[
        int,
        Field(ge=0, title="After a PLC's connection ends, so long no other address may write, ms"),
    ] = 60_000
    plc_peers: Annotated[
        Peers,
        Field(title="STATION=ADDRESS, with commas: the only addresses that may write to it"),
    ] = {}  # noqa: RUF012
    confirm_ms: Annotated[
        int, Field(ge=100, title="Longest wait until the gate confirms an ejection, ms")
    ] = 10_000

    clock_bound_ms: Annotated[
        int,
        Field(
            ge=1,
            title="If the clocks of ingest and bridge differ more, no part passes, ms",
        ),
    ] = 50

    @model_validator(mode="after")
    def _peers_have_a_station(self) -> Self:
        for station in self.plc_peers:
            if station not in self.stations:
                raise ValueError(f"PLC_PEERS names {station}, which STATIONS does not")
        return self

    @property
    def timing(self) -> Timing:
        """Return the times that the stations work with."""
        return Timing(
            self.result_hold_ms,
            self.result_ack_ms,
            self.plc_stale_ms,
            self.confirm_ms,
            self.clock_bound_ms,
            self.plc_grace_ms,
        )


class FieldbusSettings(BaseSettings):
    """Where one fieldbus listens. Its variables have its name in them: REFEREE_MODBUS_PORT."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    host: Annotated[str, Field(title="Address that the fieldbus's server binds")] = "127.0.0.1"
    port: Annotated[
        int | None,
        Field(
            ge=0,
            le=65535,
            title="Its port; 0: not served. Default: 5020 for MODBUS, 0 for others",
        ),
    ] = None
    stations: Annotated[
        Names,
        Field(title="Stations whose PLC speaks this protocol (else Modbus)"),
    ] = ()

    def port_of(self, protocol: str) -> int:
        """Return the port to listen on, 0 if this fieldbus is not served."""
        usual = USUAL_PORTS[protocol] if protocol == MODBUS else 0
        return usual if self.port is None else self.port


def load_fieldbuses(stations: Sequence[str]) -> dict[str, FieldbusSettings]:
    """Return the settings of each installed fieldbus that is served, by its protocol.

    Raises:
        UserError: a variable is not valid, or a station's PLC could not reach the bridge.
    """
    found = {
        protocol: load(FieldbusSettings, variables_of(protocol))
        for protocol in plugin_names(FIELDBUSES)
    }
    speaks: dict[str, str] = {}
    for protocol, settings in found.items():
        begin = variables_of(protocol)
        for station in settings.stations:
            if station not in stations:
                raise UserError(f"{begin}STATIONS names {station}, which STATIONS does not")
            if speaks.setdefault(station, protocol) != protocol:
                raise UserError(f"{speaks[station]} and {protocol} both have the station {station}")
        if settings.stations and not settings.port_of(protocol):
            raise UserError(f"{begin}STATIONS needs {begin}PORT: no PLC could reach them")
    return {name: each for name, each in found.items() if each.port_of(name)}


def links(
    fieldbuses: Mapping[str, FieldbusSettings], settings: BridgeSettings
) -> dict[str, RosterStation]:
    """Return the stations of a line without a roster, as a roster would describe them."""
    spoken = {name: protocol for protocol, each in fieldbuses.items() for name in each.stations}
    return {
        name: RosterStation(
            protocol=spoken.get(name, MODBUS), peers=tuple(settings.plc_peers.get(name, ()))
        )
        for name in settings.stations
    }
