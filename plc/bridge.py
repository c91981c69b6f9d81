"""The bridge brings each event to its station and carries out what the station wants done.

All of it runs in the event loop. Other threads write the journal, the camera's stream and MQTT;
they report through ``call_soon_threadsafe``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import structlog

from contracts.errors import FatalError
from contracts.fieldbus import MODBUS
from contracts.identity import Stamp
from contracts.messages import CaptureNotice, Disposition, SequenceRange, Stored, Trigger, Verdict
from contracts.process_state import Condition, ProcessState, Role, Trouble
from contracts.release import Activation
from plc.core.effects import (
    AskPicture,
    ForgetRelease,
    JournalOp,
    KeepRelease,
    MarkStored,
    Receipt,
    Settle,
)
from plc.core.one_writer import OneWriter
from plc.core.phases import Health
from plc.core.register_image import RegisterImage
from plc.core.station import Station
from plc.journal.journal import Applied
from plc.journal.kept_releases import KeptRelease
from plc.journal.ranges import Ranges
from plc.part_log import note_activation, note_settled
from plc.refused_writes import RefusedWrites
from plc.upstream import Upstream
from runtime.process.clock import Clock

log = structlog.get_logger()


class JournalPort(Protocol):
    """Commits operations in order."""

    @property
    def up(self) -> bool: ...

    @property
    def trouble(self) -> Condition | None: ...

    def submit(self, op: JournalOp) -> None: ...


class Cameras(Protocol):
    """Asks for a part's picture."""

    def ask(self, trigger: Trigger) -> None: ...


class DispositionPublisher(Protocol):
    """Publishes dispositions until storage has them."""

    def publish(self, dispositions: Sequence[Disposition]) -> None: ...

    def storage_answered(self) -> None: ...


class Bridge:
    """Stations by name and by unit id, between the PLC, the journal, the cameras and MQTT.

    For the fieldbuses it is ``plc.fieldbus.Stations``: ``images`` and ``of_unit``.
    """

    def __init__(
        self,
        stations: Sequence[Station],
        ranges: Ranges,
        journal: JournalPort,
        cameras: Cameras,
        publisher: DispositionPublisher,
        clock: Clock,
        broker_up: Callable[[], bool],
        protocols: Mapping[str, str] | None = None,
        peers: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """Make the bridge of some stations.

        Args:
            protocols: by station, what its PLC speaks if that is not Modbus.
            peers: by station, the only addresses that may write, if the line file names some.
        """
        self.stations = {station.name: station for station in stations}
        self.refused_writes = RefusedWrites()
        self._protocols = protocols or {}
        self._peers = peers or {}
        self.images = {station.name: self._image_of(station, clock) for station in stations}
        self._ranges = ranges
        self._journal = journal
        self._cameras = cameras
        self._publisher = publisher
        self._clock = clock
        self._broker_up = broker_up
        self._upstream = Upstream()
        self._releases: dict[str, Activation] = {}
        self._units: dict[int, Station] = {}

    def _image_of(self, station: Station, clock: Clock) -> RegisterImage:
        name, timing = station.name, station.timing
        writer = OneWriter(timing.plc_stale_ms, timing.plc_grace_ms, self._peers.get(name, ()))
        protocol, note = self._protocols.get(name, MODBUS), self.refused_writes.note
        return RegisterImage(station, clock, self._carry_out, protocol, writer, note)

    def of_unit(self, unit: int) -> RegisterImage | None:
        """Return the registers of a unit id; no station has one before its first release."""
        station = self._units.get(unit)
        return self.images[station.name] if station is not None else None

    # The line's side

    def on_verdict(self, verdict: Verdict, arrived_at: Stamp | None) -> None:
        """Bring a verdict to its station; it has waited in the event loop since ``arrived_at``."""
        station = self.stations.get(verdict.part.station)
        if station is None:
            log.warning("foreign_verdict", part=str(verdict.part))
            return
        station.verdict(verdict, self._clock.now(), arrived_at)
        self._carry_out(station)

    def on_capture(self, notice: CaptureNotice) -> None:
        """Bring the camera's notice of a part to its station."""
        station = self.stations.get(notice.part.station)
        if station is None or not station.captured(notice, self._clock.now()):
            log.warning("foreign_capture", part=str(notice.part))
            return
        self._carry_out(station)

    def resume(self, kept: Sequence[KeptRelease]) -> None:
        """Take up units and releases of before the restart; the first station keeps a unit."""
        for name, unit, release, recipe in kept:
            station = self.stations.get(name)
            if station is not None and self._may_have(station, unit):
                station.resume(recipe)
                self._units[unit] = station
                if release is not None:
                    self._releases[name] = release
                self._follow(station)

    def on_release(self, name: str, release: Activation | None) -> None:
        """Put a station's release in force; None takes it away, and the unit id stays.

        Raises:
            FatalError: the release names another unit id. Registers, open parts and the bridge's
                boot id belong to the PLC of the old one, so the bridge has to restart.
        """
        station = self.stations.get(name)
        if station is None:
            return
        if release is None:
            self._journal.submit(ForgetRelease(name))
            self._releases.pop(name, None)
            self._follow(station)
            return
        unit = release.config.plc_unit
        if station in self._units.values() and self._units.get(unit) is not station:
            self._journal.submit(KeepRelease(release))
            raise FatalError(f"station {name} has plc_unit {unit} now: the bridge restarts")
        if self._may_have(station, unit):
            if release != self._releases.get(name):
                note_activation(release)
            self._journal.submit(KeepRelease(release))
            self._units[unit], self._releases[name] = station, release
            self._follow(station)

    def on_stored(self, stored: Stored) -> None:
        """Note in the journal what storage has committed."""
        items = tuple(
            item
            for item in stored.items
            if item.kind != "verdict" and item.part.station in self.stations
        )
        if items:
            self._journal.submit(MarkStored(items))

    def on_state(self, state: ProcessState) -> None:
        """Take up the state of another process."""
        self._upstream.take(state, self._clock.now())
        if state.role is Role.INGEST:
            self._follow_numbers(state)
        self.follow_all()

    def acknowledge(self, ack: Callable[[], None]) -> None:
        """Acknowledge a message once the journal has everything that it caused."""
        self._journal.submit(Receipt(ack))

    def on_commit(self, applied: Sequence[Applied]) -> None:
        """Go on with operations that are durable now."""
        for op, news in applied:
            self._publisher.publish(news)
            self._ranges.committed(op)
            name = op.waiting_station
            if name is not None:
                self.stations[name].committed(op, self._clock.now())
                self._carry_out(self.stations[name])
            if isinstance(op, Receipt):
                op.ack()
            elif isinstance(op, Settle):
                note_settled(op)
            elif isinstance(op, MarkStored):
                self._publisher.storage_answered()

    def on_capture_failed(self, trigger: Trigger) -> None:
        """Note that the camera could not be asked for this part's picture."""
        self.stations[trigger.part.station].capture_failed(trigger)

    # Time

    def tick(self) -> None:
        """Do what is due."""
        for station in self.stations.values():
            station.tick(self._clock.now())
            self._carry_out(station)

    def follow_all(self) -> None:
        """Update every station with what is available."""
        for station in self.stations.values():
            self._follow(station)

    @property
    def is_busy(self) -> bool:
        """Whether a part is open, so that a deadline is near."""
        return any(station.book.open for station in self.stations.values())

    def phases(self) -> dict[str, str]:
        """Return the phase of each station, for the process state."""
        return {name: each.state.phase.name.lower() for name, each in self.stations.items()}

    def recipes(self) -> dict[str, int]:
        """Return the selected recipe of each station, for the process state."""
        return {name: each.recipe for name, each in self.stations.items()}

    def release_ids(self) -> dict[str, str]:
        """Return the id of each station's release, for stations that have one."""
        return {name: release.release_id for name, release in self._releases.items()}

    def sequences(self) -> dict[str, tuple[SequenceRange, ...]]:
        """Return the parts that the ledger must cover, for the process state."""
        return self._ranges.published()

    def troubles(self) -> dict[str, Trouble]:
        """Return the code that the registers show of each station that is not ready."""
        return {
            name: Trouble(code=station.state.error_code.name.lower())
            for name, station in self.stations.items()
            if not station.state.trigger_ready
        }

    def conditions(self) -> tuple[Condition, ...]:
        """Return why the journal cannot be written, if it cannot."""
        trouble = self._journal.trouble
        return (trouble,) if trouble else ()

    def _follow_numbers(self, ingest: ProcessState) -> None:
        for name, ranges in ingest.sequences.items():
            station = self.stations.get(name)
            if station is not None and ranges:
                station.numbered(ranges[-1], self._clock.now())

    def _may_have(self, station: Station, unit: int) -> bool:
        """Return whether the unit id is free or this station's own."""
        owner = self._units.get(unit, station)
        if owner is not station:
            log.error("plc_unit_taken", station=station.name, unit=unit, by=owner.name)
        return owner is station

    def _follow(self, station: Station) -> None:
        now, release = self._clock.now(), self._releases.get(station.name)
        health = Health(
            broker=self._broker_up(),
            journal=self._journal.up,
            release=release is not None,
            inference=self._upstream.ready(Role.INFERENCE, station.name, now),
            agreed=self._upstream.agreed(Role.INFERENCE, release, now),
            camera=self._upstream.ready(Role.INGEST, station.name, now),
        )
        station.follow(release, health, now)
        self._carry_out(station)

    def _carry_out(self, station: Station) -> None:
        for effect in station.take_effects():
            if isinstance(effect, AskPicture):
                self._cameras.ask(effect.trigger)
            else:
                self._journal.submit(effect)
