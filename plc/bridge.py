"""The bridge brings each event to its station and carries out what the station wants done.

All of it runs in the event loop. Other threads write the journal, the camera's stream and MQTT;
they report through ``call_soon_threadsafe``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import structlog

from contracts.errors import FatalError
from contracts.identity import Stamp
from contracts.messages import CaptureNotice, Disposition, SequenceRange, Stored, Trigger, Verdict
from contracts.process_state import Condition, ProcessState, Role, Trouble
from contracts.release import Activation
from contracts.roster import Roster, RosterStation
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
from plc.members import Members, Newcomer
from plc.part_log import DISPOSITIONS, note_activation, note_settled
from plc.refused_writes import REFUSED, RefusedWrites
from plc.upstream import Upstream
from runtime.process.clock import Clock
from runtime.process.station_metrics import StationMetrics

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

    For the fieldbuses it is ``plc.fieldbus.Stations``: ``images`` and ``of_unit``. A station that
    leaves the line stays among ``stations`` and ``images`` until all of it is in the journal.
    """

    def __init__(
        self,
        stations: Mapping[str, RosterStation],
        new_station: Callable[[str, int], Newcomer],
        boot_id: int,
        ranges: Ranges,
        journal: JournalPort,
        cameras: Cameras,
        publisher: DispositionPublisher,
        clock: Clock,
        broker_up: Callable[[], bool],
        served: Collection[str] | None = None,
        past: Collection[str] = (),
    ) -> None:
        """Make the bridge of some stations.

        Args:
            stations: those of the line until its first roster, by name.
            new_station: makes a station with this name and boot id, as the journal knows it.
            boot_id: that of this start.
            served: protocols over which this bridge can be reached; None: all.
            past: stations that have parts in the journal.
        """
        self.refused_writes = RefusedWrites()
        self.links = dict(stations)
        self.stations = {name: new_station(name, boot_id).station for name in stations}
        self._clock = clock
        self.images = {name: self._image_of(each) for name, each in self.stations.items()}
        self._members = Members(self, journal.submit, new_station, boot_id)
        self._served = served
        self._past = set(past)
        self._waiting: dict[str, Activation] = {}
        self._metrics = StationMetrics((DISPOSITIONS, REFUSED), clock)
        self._ranges = ranges
        self._journal = journal
        self._cameras = cameras
        self._publisher = publisher
        self._broker_up = broker_up
        self._upstream = Upstream()
        self._releases: dict[str, Activation] = {}
        self._units: dict[int, Station] = {}

    def _image_of(self, station: Station) -> RegisterImage:
        link, timing = self.links[station.name], station.timing
        writer = OneWriter(timing.plc_stale_ms, timing.plc_grace_ms, link.peers)
        note = self.refused_writes.note
        return RegisterImage(station, self._clock, self.carry_out, link.protocol, writer, note)

    def of_unit(self, unit: int) -> RegisterImage | None:
        """Return the registers of a unit id; no station has one before its first release."""
        station = self._units.get(unit)
        return self.images[station.name] if station is not None else None

    # Stations that come and go: plc.members.Host

    def on_roster(self, roster: Roster) -> None:
        """Have the stations of the roster, as soon as those that are not in it have left."""
        self._members.take(roster, self._clock.now())

    def add(self, newcomer: Newcomer, link: RosterStation) -> None:
        """Serve a station that joins."""
        station, name = newcomer.station, newcomer.station.name
        self.stations[name], self.links[name] = station, link
        self.images[name] = self._image_of(station)
        self._ranges.join(name, newcomer.ranges)
        self._follow(station)
        self._try_waiting()

    def link(self, name: str, link: RosterStation) -> None:
        """Let other peers write to a station."""
        self.links[name] = link
        self.images[name].pin(link.peers)

    def drop(self, name: str) -> None:
        """Forget a station of which everything is in the journal; its unit id is free."""
        station = self.stations.pop(name)
        del self.links[name], self.images[name]
        self._units = {unit: each for unit, each in self._units.items() if each is not station}
        kept = self._releases.pop(name, None)
        if kept is not None:
            self._waiting.setdefault(name, kept)
        self._past.add(name)
        self._ranges.leave(name)
        self.refused_writes.forget(name)
        self._try_waiting()

    def last_numbers(self, name: str, roster_id: str) -> tuple[bool, SequenceRange | None]:
        """Return whether ingest takes no pictures at a station that left, and how far it came."""
        return self._upstream.last_numbers(name, roster_id)

    def _try_waiting(self) -> None:
        """Put releases in force that came before their station did, or its unit was free."""
        waiting, self._waiting = self._waiting, {}
        for name, release in waiting.items():
            self.on_release(name, release)

    # The line's side

    def on_verdict(self, verdict: Verdict, arrived_at: Stamp | None) -> None:
        """Bring a verdict to its station; it has waited in the event loop since ``arrived_at``."""
        station = self.stations.get(verdict.part.station)
        if station is None:
            log.warning("foreign_verdict", part=str(verdict.part))
            return
        station.verdict(verdict, self._clock.now(), arrived_at)
        self.carry_out(station)

    def on_capture(self, notice: CaptureNotice) -> None:
        """Bring the camera's notice of a part to its station."""
        station = self.stations.get(notice.part.station)
        if station is None or not station.captured(notice, self._clock.now()):
            log.warning("foreign_capture", part=str(notice.part))
            return
        self.carry_out(station)

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

        It waits while the line has no such station, or the unit id is another station's.

        Raises:
            FatalError: the release names another unit id. Registers, open parts and the bridge's
                boot id belong to the PLC of the old one, so the bridge has to restart.
        """
        station = self.stations.get(name)
        self._waiting.pop(name, None)
        if release is None:
            self._forget_release(name, station)
            return
        if station is None or station.state.removed:
            self._waiting[name] = release
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
        else:
            self._waiting[name] = release

    def _forget_release(self, name: str, station: Station | None) -> None:
        if station is not None:
            self._journal.submit(ForgetRelease(name))
            self._releases.pop(name, None)
            self._follow(station)

    def on_stored(self, stored: Stored) -> None:
        """Note in the journal what storage has committed."""
        items = tuple(
            item
            for item in stored.items
            if item.kind != "verdict" and item.part.station in self._past | self.stations.keys()
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
            self._members.committed(op, self._clock.now())
            station = self.stations.get(op.waiting_station or "")
            if station is not None:
                station.committed(op, self._clock.now())
                self.carry_out(station)
            if isinstance(op, Receipt):
                op.ack()
            elif isinstance(op, Settle):
                note_settled(op)
            elif isinstance(op, MarkStored):
                self._publisher.storage_answered()

    def on_capture_failed(self, trigger: Trigger) -> None:
        """Note that the camera could not be asked for this part's picture."""
        station = self.stations.get(trigger.part.station)
        if station is not None:
            station.capture_failed(trigger)

    # Time

    def tick(self) -> None:
        """Do what is due."""
        self._members.tick(self._clock.now())
        for station in self.stations.values():
            station.tick(self._clock.now())
            self.carry_out(station)

    def follow_all(self) -> None:
        """Update every station with what is available."""
        for station in self.stations.values():
            self._follow(station)
        self._metrics.follow(self.members.keys())

    @property
    def members(self) -> dict[str, Station]:
        """Return the stations that the line has now."""
        return {name: each for name, each in self.stations.items() if not each.state.removed}

    @property
    def roster_id(self) -> str:
        """Return the id of the roster that is followed completely; empty before the first one."""
        return self._members.roster_id

    @property
    def is_busy(self) -> bool:
        """Whether a part is open, so that a deadline is near."""
        return any(station.book.open for station in self.stations.values())

    def phases(self) -> dict[str, str]:
        """Return the phase of each station, for the process state."""
        return {name: each.state.phase.name.lower() for name, each in self.members.items()}

    def recipes(self) -> dict[str, int]:
        """Return the selected recipe of each station, for the process state."""
        return {name: each.recipe for name, each in self.members.items()}

    def release_ids(self) -> dict[str, str]:
        """Return the id of each station's release, for stations that have one."""
        members = self.members
        return {name: it.release_id for name, it in self._releases.items() if name in members}

    def sequences(self) -> dict[str, tuple[SequenceRange, ...]]:
        """Return the parts that the ledger must cover, for the process state."""
        return self._ranges.published()

    def troubles(self) -> dict[str, Trouble]:
        """Return the code that the registers show of each station that is not ready.

        Another one if no PLC can reach it: the bridge was started without its protocol.
        """
        return {
            name: self._unreachable(name) or Trouble(code=station.state.error_code.name.lower())
            for name, station in self.members.items()
            if not station.state.trigger_ready
        }

    def conditions(self) -> tuple[Condition, ...]:
        """Return what is wrong and keeps no station from taking triggers.

        Why the journal cannot be written, and writes of clients that are not the PLC.
        """
        trouble, refused = self._journal.trouble, self.refused_writes.conditions()
        return (*((trouble,) if trouble else ()), *refused)

    def _unreachable(self, name: str) -> Trouble | None:
        protocol = self.links[name].protocol
        if self._served is None or protocol in self._served:
            return None
        detail = (
            f"its PLC speaks {protocol}, which this bridge does not serve: give the port "
            f"sockets.{protocol} in the line file and start the line anew"
        )
        return Trouble(code="fieldbus_not_served", detail=detail)

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
        self.carry_out(station)

    def carry_out(self, station: Station) -> None:
        """Do what the station wants done."""
        for effect in station.take_effects():
            if isinstance(effect, AskPicture):
                self._cameras.ask(effect.trigger)
            else:
                self._journal.submit(effect)
