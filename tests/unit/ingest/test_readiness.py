"""Ingest is ready only when every station is."""

from dataclasses import dataclass

import pytest

from ingest.readiness import standing


@dataclass
class Station:
    why: str

    def trouble(self) -> str:
        return self.why


@pytest.mark.parametrize(
    ("tiles", "plates", "reason"),
    [
        ("", "", ""),
        ("no release", "", "tiles: no release"),
        ("no release", "camera gone", "tiles: no release; plates: camera gone"),
    ],
)
def test_every_station_counts(tiles: str, plates: str, reason: str) -> None:
    assert standing({"tiles": Station(tiles), "plates": Station(plates)}).reason == reason
