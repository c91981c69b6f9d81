"""Ingest serves the stations that are in order; one in trouble takes none of the others away."""

from dataclasses import dataclass

import pytest

from ingest.readiness import standing


@dataclass
class Station:
    why: str

    def trouble(self) -> str:
        return self.why


@pytest.mark.parametrize(
    ("tiles", "plates", "served"),
    [
        ("", "", ["tiles", "plates"]),
        ("no release", "", ["plates"]),
        ("no release", "camera gone", []),
    ],
)
def test_every_station_stands_for_itself(tiles: str, plates: str, served: list[str]) -> None:
    stands = standing({"tiles": Station(tiles), "plates": Station(plates)}, {})
    assert [name for name in ("tiles", "plates") if stands.serves(name)] == served


def test_all_reasons_are_told() -> None:
    stations = {"tiles": Station("no release"), "pcb": Station(""), "plates": Station("gone")}
    assert standing(stations, {}).told() == "tiles: no release; plates: gone"
