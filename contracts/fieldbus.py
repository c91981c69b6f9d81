"""How PLCs reach the bridge and where a line's servers listen, as line files say it."""

from __future__ import annotations

import copy
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from contracts.plugins import plugin_names
from contracts.release import Config

Port = Annotated[int, Field(ge=1, le=65535)]
FIELDBUSES = "referee.fieldbuses"
"""Group of the entry points that add a fieldbus, by the name of its protocol."""
MODBUS, OPC_UA = "modbus", "opcua"
USUAL_PORTS = {MODBUS: 5020, OPC_UA: 4840}
"""Port of a fieldbus whose port is not given. One that is not here gets a free port."""


def variables_of(protocol: str) -> str:
    """Return how the names of a fieldbus's environment variables begin: ``REFEREE_MODBUS_``."""
    return f"REFEREE_{protocol.upper().replace('-', '_')}_"


def plain_address(text: str) -> str:
    """Return an IP address as it is compared: ``::ffff:10.0.0.5`` is ``10.0.0.5``.

    Raises ValueError if it is none.
    """
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


class PlcLink(Config):
    """How a station's PLC speaks to the bridge."""

    protocol: Annotated[
        str, Field(title="Fieldbus of the PLC: modbus, opcua, or the name of an installed one")
    ] = MODBUS
    unit: Annotated[
        int, Field(ge=1, le=247, title="Number of the station on the fieldbus: its Modbus unit id")
    ] = 1
    peers: Annotated[
        tuple[str, ...],
        Field(
            title="IP addresses that may write to the station; if none is given, the first that "
            "writes, for as long as it is connected"
        ),
    ] = ()

    @field_validator("peers")
    @classmethod
    def _are_addresses(cls, peers: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(plain_address(peer) for peer in peers)
        except ValueError as error:
            raise ValueError(f"{error}; give IP addresses, such as 192.168.0.10") from error

    @field_validator("protocol")
    @classmethod
    def _is_installed(cls, protocol: str) -> str:
        if protocol not in plugin_names(FIELDBUSES):
            installed = ", ".join(plugin_names(FIELDBUSES))
            raise ValueError(f"no fieldbus {protocol!r} is installed; installed: {installed}")
        return protocol


class Sockets(Config):
    """Ports. One that is not given is a free one, chosen at start."""

    host: Annotated[
        str,
        Field(title="Address of the dashboard and the fieldbuses; all others stay on 127.0.0.1"),
    ] = "127.0.0.1"
    dashboard: Annotated[Port, Field(title="Port of the dashboard")] = 8501
    fieldbuses: Annotated[
        dict[str, Port], Field(title="By protocol. modbus: 5020 beside the others says the same")
    ] = Field(default_factory=dict)
    redis_frames: Annotated[Port | None, Field(title="Port of the Redis that holds pictures")] = (
        None
    )
    redis_journal: Annotated[Port | None, Field(title="Port of the Redis that holds verdicts")] = (
        None
    )
    mqtt: Annotated[Port | None, Field(title="Port of the MQTT broker")] = None
    triton_grpc: Annotated[Port | None, Field(title="Port of Triton's gRPC")] = None
    triton_http: Annotated[Port | None, Field(title="Port of Triton's HTTP")] = None
    triton_metrics: Annotated[Port | None, Field(title="Port of Triton's metrics")] = None

    @model_validator(mode="before")
    @classmethod
    def _ports_by_protocol(cls, data: Any) -> Any:
        """Move each ``PROTOCOL: PORT`` to ``fieldbuses``."""
        if not isinstance(data, dict):
            return data
        known = plugin_names(FIELDBUSES)
        ports = {name: port for name, port in data.items() if name in known}
        others = {name: value for name, value in data.items() if name not in known}
        grouped = others.get("fieldbuses", {})
        if not ports or not isinstance(grouped, dict):
            return others
        if twice := sorted(set(ports) & set(grouped)):
            raise ValueError(f"{twice[0]} has its port twice: here and in fieldbuses; give one")
        return {**others, "fieldbuses": grouped | ports}


def without_opcua_section(line: Any) -> Any:
    """Return a line file's data with ``opcua: {port, stations}``, as files of version 0.1 say it,
    as ``sockets.opcua`` and each station's ``plc.protocol``.

    Raises ValueError if the section is not valid.
    """
    if not isinstance(line, dict) or not isinstance(line.get("opcua"), dict):
        return line
    changed = copy.deepcopy(line)
    section = changed.pop("opcua")
    if unknown := sorted(set(section) - {"port", "stations"}):
        raise ValueError(f"no such field: {unknown[0]}")
    sockets = changed.setdefault("sockets", {})
    if "port" in section and OPC_UA in sockets:
        raise ValueError("port is what sockets.opcua is called now: give sockets.opcua alone")
    sockets.setdefault(OPC_UA, section.get("port", USUAL_PORTS[OPC_UA]))
    for name in section.get("stations", ()):
        station = changed.get("stations", {}).get(name)
        if not isinstance(station, dict):
            raise ValueError(f"stations names {name}, which is no station")
        station.setdefault("plc", {})["protocol"] = OPC_UA
    return changed
