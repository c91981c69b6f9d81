"""Stations join and leave the bridge as the rosters say, while the others go on.

A station that leaves begins no part; its open parts are settled, and once all of that is in the
journal, its registers say for a moment that it was removed. Only then its unit is free. A station
joins once its boot id is in the journal: the PLC sees another one than before, and starts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog

from contracts.causes import TriggerSource
from contracts.identity import Stamp
from contracts.messages import SequenceRange
from contracts.roster import Roster, RosterStation
from plc.core.effects import AddStation, CloseStation, JournalOp, KeepRoster
from plc.core.station import Station
from plc.journal.ranges import EpochRange

log = structlog.get_logger()

LARGEST_BOOT_ID = 0xFFFF
SHOWN_FOR_MS = 1000
"""So long a PLC can read that its station was removed, and the answer to its last pass."""
CAMERA_MAY_TAKE_MS = 5000
"""Longest wait for ingest to say which was the last part of a camera that triggers."""


class Newcomer(NamedTuple):
    """A station that begins, as the journal knows it, and how far its epochs are there."""

    station: Station
    ranges: Sequence[EpochRange]


class Host(Protocol):
    """The bridge, for those who come and go."""

    @property
    def stations(self) -> Mapping[str, Station]: ...

    @property
    def links(self) -> Mapping[str, RosterStation]: ...

    def add(self, newcomer: Newcomer, link: RosterStation) -> None: ...

    def link(self, name: str, link: RosterStation) -> None: ...

    def drop(self, name: str) -> None: ...

    def last_numbers(self, name: str, roster_id: str) -> tuple[bool, SequenceRange | None]: ...

    def carry_out(self, station: Station) -> None: ...


@dataclass
class _Leaving:
    station: Station
    since: Stamp
    is_closing: bool = False
    is_closed: bool = False


class Members:
    """Brings the stations of the bridge to what the newest roster says."""

    def __init__(
        self,
        host: Host,
        submit: Callable[[JournalOp], None],
        new_station: Callable[[str, int], Newcomer],
        boot_id: int,
    ) -> None:
        """Make one for a bridge that has its stations of the start.

        Args:
            submit: gives the journal an operation.
            new_station: makes a station with this name and boot id, from the journal.
            boot_id: that of this start.
        """
        self._host = host
        self._submit = submit
        self._new_station = new_station
        self._boot_id = boot_id
        self._roster: Roster | None = None
        self._roster_id = self.roster_id = ""
        self._leaving: dict[str, _Leaving] = {}
        self._joining: set[str] = set()

    def take(self, roster: Roster, now: Stamp) -> None:
        """Follow a roster from now on."""
        if roster.roster_id != self._roster_id:
            log.info("roster", roster=roster.roster_id, stations=tuple(roster.stations))
            self._submit(KeepRoster(roster))
        self._roster, self._roster_id = roster, roster.roster_id
        self.tick(now)

    def tick(self, now: Stamp) -> None:
        """Do what is due."""
        if self._roster is None or self.roster_id == self._roster_id:
            return
        for name, station in list(self._host.stations.items()):
            if name not in self._leaving and not self._stays(name):
                self._begin_to_leave(name, station, now)
        for name, leaving in list(self._leaving.items()):
            self._go_on(name, leaving, now)
        for name in self._roster.stations:
            if name not in self._host.stations and name not in self._joining:
                self._begin_to_join(name)
        if not self._leaving and not self._joining:
            self.roster_id = self._roster_id

    def committed(self, op: JournalOp, now: Stamp) -> None:
        """Go on after an operation that is durable now."""
        if isinstance(op, CloseStation):
            self._leaving[op.station].is_closed = True
        elif isinstance(op, AddStation):
            self._join(op.station, op.boot_id)
            self.tick(now)

    def _stays(self, name: str) -> bool:
        """Return whether the station goes on. One whose PLC speaks another protocol does not."""
        assert self._roster is not None
        wanted, has = self._roster.stations.get(name), self._host.links[name]
        if wanted is None or wanted.protocol != has.protocol:
            return False
        if wanted != has:
            self._host.link(name, wanted)
        return True

    def _begin_to_leave(self, name: str, station: Station, now: Stamp) -> None:
        log.info("station_leaves", station=name, open=len(station.book.open))
        self._leaving[name] = _Leaving(station, now)
        station.remove(now)
        self._host.carry_out(station)

    def _go_on(self, name: str, leaving: _Leaving, now: Stamp) -> None:
        if not leaving.is_closing:
            self._close(name, leaving, now)
        elif leaving.is_closed and now.ms_since(leaving.since) >= SHOWN_FOR_MS:
            del self._leaving[name]
            self._host.drop(name)

    def _close(self, name: str, leaving: _Leaving, now: Stamp) -> None:
        """Settle what is open. Where the camera triggers, ingest says which part was the last."""
        station, numbers = leaving.station, None
        if station.triggered_by is TriggerSource.CAMERA:
            is_last, numbers = self._host.last_numbers(name, self._roster_id)
            if not is_last and now.ms_since(leaving.since) < CAMERA_MAY_TAKE_MS:
                return
        station.close(numbers, now)
        self._host.carry_out(station)
        self._submit(CloseStation(name))
        leaving.is_closing = True

    def _begin_to_join(self, name: str) -> None:
        self._boot_id = self._boot_id % LARGEST_BOOT_ID + 1
        self._joining.add(name)
        self._submit(AddStation(name, self._boot_id))

    def _join(self, name: str, boot_id: int) -> None:
        assert self._roster is not None
        self._joining.remove(name)
        link = self._roster.stations.get(name)
        if link is not None:  # not so if a newer roster came meanwhile
            log.info("station_joins", station=name, protocol=link.protocol)
            self._host.add(self._new_station(name, boot_id), link)
