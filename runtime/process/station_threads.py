"""One thread a station, started and ended as stations come and go; no thread touches another's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import Generic, NamedTuple, Protocol, TypeVar

import structlog

from runtime.process.loop import Stop, run_loop
from runtime.process.open_conditions import OpenConditions
from runtime.process.station_metrics import loop_of

log = structlog.get_logger()

POLL_S = 0.1


class StationWorker(Protocol):
    """Does the work of one station."""

    def step(self) -> None:
        """Do what comes next. Errors are treated as ``run_loop`` says."""

    def close(self) -> None:
        """Release what it holds: ``step`` is not called again. Called in the same thread."""

    def leave(self) -> None:
        """Take away what it left on servers: the line has no such station. After ``close``."""


W = TypeVar("W", bound=StationWorker)


class StationStop(Stop):
    """Ends one station, or all of them together with the process; a failure ends the process."""

    def __init__(self, process: Stop) -> None:
        super().__init__()
        self._process = process

    @property
    def is_for_good(self) -> bool:
        """Whether the station ends and the process goes on."""
        return super().is_set() and not self._process.is_set()

    def is_set(self) -> bool:
        """Whether the end of the station or of the process was asked for."""
        return super().is_set() or self._process.is_set()

    def fail(self, exit_code: int = 1) -> None:
        """End the process because of a failure."""
        super().set()
        self._process.fail(exit_code)

    def wait(self, timeout_s: float) -> bool:
        """Sleep, but hardly past the end. Returns whether the end was asked for."""
        while timeout_s > 0 and not self.is_set():
            super().wait(min(POLL_S, timeout_s))
            timeout_s -= POLL_S
        return self.is_set()


class _Served(NamedTuple, Generic[W]):
    worker: W
    stop: StationStop
    thread: threading.Thread


class StationThreads(Generic[W]):
    """Serves each station of the line in a thread of its own. One caller at a time.

    Attributes:
        workers: of the stations that are served now, by name.
    """

    def __init__(self, make: Callable[[str], W], process: Stop, conditions: OpenConditions) -> None:
        """Serve no station yet.

        Args:
            make: returns the worker of a station.
            process: ends all of them.
            conditions: hears what keeps a station's step from being done.
        """
        self._make = make
        self._process = process
        self._conditions = conditions
        self._served: dict[str, _Served[W]] = {}
        self._leaving: dict[str, _Served[W]] = {}

    @property
    def workers(self) -> dict[str, W]:
        """Return the worker of each station that is served now."""
        return {name: each.worker for name, each in self._served.items()}

    def follow(self, stations: Collection[str]) -> bool:
        """Serve these stations and no other. Returns at once; may be called often.

        Returns:
            False while a thread of a station that is gone has not ended yet. If the station is
            back, its new thread waits for that too.
        """
        for name in [name for name in self._served if name not in stations]:
            log.info("station_leaves", station=name)
            self._leaving[name] = self._served.pop(name)
            self._leaving[name].stop.set()
        alive = {name: each for name, each in self._leaving.items() if each.thread.is_alive()}
        self._leaving = alive
        for name in stations:
            if name not in self._served and name not in self._leaving:
                self._start(name)
        return not self._leaving

    def join(self, timeout_s: float) -> None:
        """Wait for the end of all threads, after the process was asked to end."""
        for each in (*self._served.values(), *self._leaving.values()):
            each.thread.join(timeout_s)

    def _start(self, name: str) -> None:
        log.info("station_joins", station=name)
        worker, stop = self._make(name), StationStop(self._process)
        loop = loop_of(name)
        thread = threading.Thread(
            target=_serve, args=(worker, stop, loop, self._conditions), name=loop, daemon=True
        )
        self._served[name] = _Served(worker, stop, thread)
        thread.start()


def _serve(worker: StationWorker, stop: StationStop, name: str, conditions: OpenConditions) -> None:
    run_loop(worker.step, stop, name, conditions)
    conditions.succeeded(name)  # nothing fails there any more
    worker.close()
    if stop.is_for_good:
        worker.leave()
