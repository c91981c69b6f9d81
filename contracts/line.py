"""What a line file says: the stations of one line and where its servers listen."""

from __future__ import annotations

from math import floor
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from contracts.fieldbus import MODBUS, USUAL_PORTS, PlcLink, Sockets
from contracts.gate_timing import GateTiming, format_ms
from contracts.identity import Slug
from contracts.names import RESERVED
from contracts.release import (
    DEFAULT_DEADLINE_MS,
    GREATEST_DEADLINE_MS,
    Config,
    DeadlineMs,
    Release,
    StationConfig,
)
from contracts.roster import Roster, RosterStation


def _deadline_of(station: dict[str, Any]) -> int:
    """Of a station that gives none."""
    gate: GateTiming | None = station["gate"]
    return min(gate.deadline_ms, GREATEST_DEADLINE_MS) if gate else DEFAULT_DEADLINE_MS


def _unit_of(station: dict[str, Any]) -> int:
    """Of a station that gives no ``plc_unit``, as line files called it before."""
    link: PlcLink = station["plc"]
    return link.unit


class NotInTheRelease(Config):
    """What a line file says of a station and its releases do not carry. A base of its own, so that
    it is read before the fields that follow from it."""

    gate: Annotated[
        GateTiming | None, Field(title="Way and times from the trigger to the gate; not if none")
    ] = None
    plc: Annotated[PlcLink, Field(title="How the station's PLC speaks to the bridge")] = PlcLink()


class Station(StationConfig, NotInTheRelease):
    """A station as a line file describes it.

    Releases carry two things that follow from what stays in the file: ``deadline_ms``, which is
    given or the latest that the gate allows, and ``plc_unit``, which is ``plc.unit``.
    """

    deadline_ms: Annotated[DeadlineMs, Field(default_factory=_deadline_of)]
    plc_unit: int = Field(
        ge=1, le=247, default_factory=_unit_of, title="What plc.unit was called before"
    )

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if "plc_unit" in self.model_fields_set and "unit" in self.plc.model_fields_set:
            raise ValueError("plc_unit is what plc.unit was called before: give plc.unit alone")
        return self

    @field_validator("deadline_ms")
    @classmethod
    def _before_the_gate(cls, deadline_ms: int, info: ValidationInfo) -> int:
        gate: GateTiming | None = info.data.get("gate")
        if gate is not None and deadline_ms > gate.deadline_ms:
            raise ValueError(
                f"{deadline_ms} ms is later than the gate allows: {format_ms(gate.travel_ms)} ms "
                f"to the gate, less {format_ms(gate.reserved_ms)} ms for PLC, gate and margin; "
                f"at most {gate.deadline_ms}, or leave it out"
            )
        return deadline_ms

    @property
    def deadline_given(self) -> bool:
        """Whether the file says ``deadline_ms`` itself."""
        return "deadline_ms" in self.model_fields_set

    @property
    def config(self) -> StationConfig:
        """What its release carries."""
        of_the_file = set(NotInTheRelease.model_fields)
        return StationConfig.model_validate(self.model_dump(exclude=of_the_file))


PartNumber = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class SoftBelt(Config):
    """How a simulated belt runs. ``..._every_s`` is time of the belt's own clock at its greatest
    speed: a seed has it stop at the same part again, however quick the machine is."""

    speed_change_every_s: Annotated[Seconds | None, Field(title="On average; never if none")] = None
    least_speed: Annotated[
        float, Field(gt=0, le=1, title="As a share of the greatest, which the gate's way is for")
    ] = 1.0
    stop_every_s: Annotated[Seconds | None, Field(title="On average; never if none")] = None
    stop_for_s: Annotated[Seconds, Field(title="How long it stands then")] = 2.0

    @model_validator(mode="after")
    def _speed_changes_between_two_speeds(self) -> Self:
        if (self.speed_change_every_s is not None) != (self.least_speed < 1):
            raise ValueError(
                "speed_change_every_s and a least_speed below 1 go together: give both or neither"
            )
        return self


class SoftFaults(Config):
    """What goes wrong beside the belt. Parts are counted from 1 at the camera, over the whole
    run."""

    low_air_at: Annotated[
        tuple[PartNumber, ...],
        Field(title="Parts for which the gate fires and does not move: they go through"),
    ] = ()
    restart_at: Annotated[
        tuple[PartNumber, ...], Field(title="The PLC starts anew once these parts are announced")
    ] = ()
    bin_holds: Annotated[
        int | None, Field(ge=1, title="Parts; when it is full the belt stops. Endless if none")
    ] = None
    bin_emptied_after_s: Annotated[Seconds, Field(title="After it was full")] = 5.0


class SoftPlc(Config):
    """The simulated PLC of demo lines and tests: a belt, a gate and a sensor behind it."""

    parts_per_s: Annotated[float, Field(gt=0, le=200, title="Parts that pass a station a second")]
    gate_after_ms: Annotated[
        int | None,
        Field(
            ge=20,
            title="From the trigger to the gate, at each station; if none, what the station's gate "
            "says, or deadline_ms + 200",
        ),
    ] = None
    jitter: Annotated[float, Field(ge=0, le=0.9, title="Spread of the spacing, as a share")] = 0.1
    cycle_ms: Annotated[
        float, Field(ge=1, le=100, title="Its scan: so often it asks the bridge, unit after unit")
    ] = 8.0
    seed: Annotated[int, Field(title="Of the spacing of parts and of what the belt does")] = 0
    belt: Annotated[SoftBelt, Field(title="How the belt runs")] = SoftBelt()
    faults: Annotated[SoftFaults, Field(title="What goes wrong beside the belt")] = SoftFaults()

    def gate_way_ms(self, station: Station) -> int:
        """From the trigger to the gate on the fastest belt, in whole milliseconds."""
        if self.gate_after_ms is not None:
            return self.gate_after_ms
        gate = station.gate
        return floor(gate.travel_ms) if gate else station.deadline_ms + 200


class Archive(Config):
    """Pictures kept on disk."""

    largest_mb: Annotated[int, Field(ge=16, title="Disk the pictures may take")] = 2048
    near_miss_logit: Annotated[
        float, Field(ge=0, title="A pass whose logits came this near to 0 is kept like a reject")
    ] = 1.0


class LineFile(Config):
    """A production line: who it is, its stations, its sockets."""

    site: Annotated[Slug, Field(title="The plant: first level of every MQTT topic")]
    line: Annotated[Slug, Field(title="The line: second level of every MQTT topic")]
    stations: Annotated[
        dict[Slug, Station], Field(min_length=1, title="The stations of the line, by name")
    ]
    sockets: Annotated[Sockets, Field(title="Where the line's servers listen")] = Sockets()
    soft_plc: Annotated[
        SoftPlc | None, Field(title="Only for lines without a real PLC: demo and tests")
    ] = None
    archive: Annotated[Archive, Field(title="Pictures kept on disk")] = Archive()

    @model_validator(mode="after")
    def _stations_are_no_topics(self) -> Self:
        if taken := sorted(RESERVED.intersection(self.stations)):
            raise ValueError(f"a station cannot be called {taken[0]}: a topic of the line is")
        return self

    @model_validator(mode="after")
    def _units_differ(self) -> Self:
        units = [station.plc_unit for station in self.stations.values()]
        if len(set(units)) != len(units):
            raise ValueError("two stations have the same plc.unit")
        return self

    @model_validator(mode="after")
    def _names_before_are_free(self) -> Self:
        """A part belongs to one station. So no cycle of names can be in one file either."""
        taken_over: dict[str, str] = {}
        for name, station in self.stations.items():
            before = station.renamed_from
            if before is None:
                continue
            if before in self.stations:
                raise ValueError(
                    f"stations.{name}.renamed_from is {before}, which is a station of this file: "
                    f"take out renamed_from, or the station {before}"
                )
            if taken_over.setdefault(before, name) != name:
                raise ValueError(
                    f"stations {taken_over[before]} and {name} both have renamed_from {before}: "
                    "the parts of a station go to one station"
                )
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        given = self.sockets.model_dump(exclude={"host", "fieldbuses"}) | self.fieldbus_ports
        ports = {f"sockets.{name}": port for name, port in given.items() if port is not None}
        first: dict[int, str] = {}
        for name, port in ports.items():
            if first.setdefault(port, name) != name:
                raise ValueError(f"{first[port]} and {name} are both {port}")
        return self

    @model_validator(mode="after")
    def _soft_plc_speaks_modbus(self) -> Self:
        for name, station in self.stations.items():
            if self.soft_plc is not None and station.plc.protocol != MODBUS:
                raise ValueError(
                    f"the soft PLC speaks modbus, and station {name} has plc.protocol "
                    f"{station.plc.protocol}: take one of them out"
                )
        return self

    @model_validator(mode="after")
    def _soft_plc_may_write(self) -> Self:
        here = {"127.0.0.1", self.sockets.host}
        for name, station in self.stations.items():
            peers = station.plc.peers
            if self.soft_plc is not None and peers and not here.intersection(peers):
                raise ValueError(
                    f"the soft PLC writes from 127.0.0.1, and plc.peers of station {name} does not "
                    "name this address: add it, or take one of them out"
                )
        return self

    @property
    def fieldbus_ports(self) -> dict[str, int | None]:
        """Port of each fieldbus that is served; None if a free one is to be chosen.

        Modbus always is, so that every station can be read over it; so is each fieldbus that a
        station names or that has a port.
        """
        given = self.sockets.fieldbuses
        named = {MODBUS, *given, *(station.plc.protocol for station in self.stations.values())}
        return {name: given.get(name, USUAL_PORTS.get(name)) for name in sorted(named)}

    def roster(self) -> Roster:
        """The stations as the processes of the line follow them."""
        return Roster(
            stations={
                name: RosterStation(protocol=station.plc.protocol, peers=station.plc.peers)
                for name, station in self.stations.items()
            }
        )

    def releases(self) -> list[Release]:
        """The release that each station's configuration is."""
        return [Release.of(name, station.config) for name, station in self.stations.items()]
