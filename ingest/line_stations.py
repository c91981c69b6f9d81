"""The stations of the line as ingest serves them, and the part numbers of those that left."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from contracts.messages import Stored
from contracts.process_state import Status
from ingest.metrics import OF_STATIONS
from ingest.part_numbers import PartNumbers
from ingest.station import IngestStation, status_of
from runtime.process.clock import Clock
from runtime.process.loop import GRACE_S, Stop
from runtime.process.open_conditions import OpenConditions
from runtime.process.station_metrics import StationMetrics
from runtime.process.station_threads import StationThreads


class Numbered(NamedTuple):
    """One station with its part numbers."""

    station: IngestStation
    numbers: PartNumbers

    def step(self) -> None:
        """Serve what comes next."""
        self.station.step()

    def close(self) -> None:
        """Release the camera."""
        self.station.close()

    def leave(self) -> None:
        """Let the streams go."""
        self.station.leave()


class LineStations:
    """Serves each station in a thread. All methods but ``step`` of a station run in one thread.

    The numbers of a station that left stay in the state until storage knows of every part: the
    ledger must cover them.
    """

    def __init__(
        self,
        make: Callable[[str], Numbered],
        clock: Clock,
        process: Stop,
        conditions: OpenConditions,
    ) -> None:
        self._threads = StationThreads(make, process, conditions)
        self._metrics = StationMetrics(OF_STATIONS, clock)
        self._left: dict[str, PartNumbers] = {}

    def follow(self, names: tuple[str, ...]) -> bool:
        """Serve these stations and no other; return whether nothing is left of others."""
        before = self._threads.workers
        is_done = self._threads.follow(names)
        now = self._threads.workers
        self._left |= {name: before[name].numbers for name in before.keys() - now.keys()}
        self._left = {
            name: numbers
            for name, numbers in self._left.items()
            if name not in now and not (is_done and numbers.are_stored)
        }
        self._metrics.follow(names)
        return is_done

    def status(self) -> Status:
        """Return the troubles of the stations, and the numbers that storage has not all of."""
        workers = self._threads.workers
        numbers = {name: each.numbers for name, each in workers.items()}
        stations = {name: each.station for name, each in workers.items()}
        return status_of(stations, self._left | numbers)

    def on_stored(self, stored: Stored) -> None:
        """Tell the numbers what storage has. Raises Unavailable."""
        for worker in self._threads.workers.values():
            worker.numbers.on_stored(stored)
        for numbers in self._left.values():
            numbers.on_stored(stored)

    def join(self) -> None:
        """Wait a moment until every camera is released, after the process was asked to end."""
        self._threads.join(GRACE_S)
