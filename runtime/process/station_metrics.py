"""Removes the series of stations that the line no longer has, so that no page shows a ghost."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from prometheus_client.metrics import MetricWrapperBase

from contracts.identity import Clock
from contracts.names import frames, triggers
from runtime.process.metrics import DEAD_LETTERS, ENTRIES_LOST, STEP_RETRIES

LATECOMERS_S = 60.0
"""A part that was on its way when its station left may still be counted: so long it is removed."""


def loop_of(station: str) -> str:
    """Return the name of the loop and of the thread that serves a station."""
    return f"station-{station}"


class StationMetrics:
    """Knows the stations of a process, and removes the series of those that are gone.

    One caller at a time.
    """

    def __init__(self, of_stations: Sequence[MetricWrapperBase], clock: Clock) -> None:
        """``of_stations`` have a label ``station``."""
        self._of_stations = tuple(of_stations)
        self._clock = clock
        self._known: set[str] = set()
        self._gone_ns: dict[str, int] = {}

    def follow(self, stations: Collection[str]) -> None:
        """Remove what the line no longer has. May be called often."""
        now_ns = self._clock.now().monotonic_ns
        self._gone_ns |= dict.fromkeys(self._known - set(stations), now_ns)
        self._known = set(stations)
        for station, since_ns in list(self._gone_ns.items()):
            if station not in self._known:
                self._remove(station)
            if station in self._known or now_ns - since_ns > LATECOMERS_S * 1e9:
                del self._gone_ns[station]

    def _remove(self, station: str) -> None:
        for metric in self._of_stations:
            metric.remove_by_labels({"station": station})
        for metric in (ENTRIES_LOST, DEAD_LETTERS):
            for stream in (frames(station), triggers(station)):
                metric.remove_by_labels({"stream": stream})
        STEP_RETRIES.remove_by_labels({"loop": loop_of(station)})
