"""Which stations ingest serves: those that have a release and an open camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from contracts.messages import SequenceRange
from contracts.process_state import Status, Trouble


class HasTrouble(Protocol):
    """One station."""

    def trouble(self) -> Trouble | None:
        """Return why the station is not ready; None if it is."""
        ...


class Numbered(Protocol):
    """The numbers of one station's parts."""

    def reached(self) -> tuple[SequenceRange, ...]:
        """Return how far they are in each epoch; empty if others number the parts."""
        ...


def status_of(stations: Mapping[str, HasTrouble], numbers: Mapping[str, Numbered]) -> Status:
    """Return the status: a station in trouble is not served, and the others are."""
    troubles = {name: station.trouble() for name, station in stations.items()}
    reached = {name: each.reached() for name, each in numbers.items()}
    return Status(
        troubles={name: trouble for name, trouble in troubles.items() if trouble},
        sequences={name: ranges for name, ranges in reached.items() if ranges},
    )
