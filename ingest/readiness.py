"""Which stations ingest serves: those that have a release and an open camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from contracts.messages import SequenceRange
from runtime.messaging.control import ReadinessReport


class HasTrouble(Protocol):
    """One station."""

    def trouble(self) -> str:
        """Why the station is not ready; empty when it is."""
        ...


class Numbered(Protocol):
    """The numbers of one station's parts."""

    def reached(self) -> tuple[SequenceRange, ...]:
        """How far they are in each epoch; nothing where others number the parts."""
        ...


def standing(
    stations: Mapping[str, HasTrouble], numbers: Mapping[str, Numbered]
) -> ReadinessReport:
    """A station in trouble is not served; it takes nothing from the others."""
    troubles = {name: station.trouble() for name, station in stations.items()}
    reached = {name: each.reached() for name, each in numbers.items()}
    return ReadinessReport(
        stations={name: why for name, why in troubles.items() if why},
        sequences={name: ranges for name, ranges in reached.items() if ranges},
    )
