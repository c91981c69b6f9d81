"""Whether ingest serves its stations: each has a release and an open camera."""

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
    """Ready only when every station is."""
    why_not = {name: station.trouble() for name, station in stations.items()}
    return Standing("; ".join(f"{name}: {why}" for name, why in why_not.items() if why))
