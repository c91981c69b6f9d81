"""Which stations ingest serves: those that have a release and an open camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from runtime.control import Standing


class Troubled(Protocol):
    """One station."""

    def trouble(self) -> str:
        """Why the station is not ready; empty when it is."""
        ...


def standing(stations: Mapping[str, Troubled]) -> Standing:
    """A station in trouble is not served; it takes nothing from the others."""
    troubles = {name: station.trouble() for name, station in stations.items()}
    return Standing(stations={name: why for name, why in troubles.items() if why})
