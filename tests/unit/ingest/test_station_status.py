"""Ingest serves the stations that are in order; one in trouble takes none of the others away."""

from dataclasses import dataclass

import pytest

from contracts.process_state import Trouble
from ingest.station import status_of


@dataclass
class Station:
    code: str

    def trouble(self) -> Trouble | None:
        return Trouble(code=self.code) if self.code else None


@pytest.mark.parametrize(
    ("tiles", "plates", "served"),
    [
        ("", "", ["tiles", "plates"]),
        ("no_release", "", ["plates"]),
        ("no_release", "no_camera", []),
    ],
)
def test_every_station_stands_for_itself(tiles: str, plates: str, served: list[str]) -> None:
    status = status_of({"tiles": Station(tiles), "plates": Station(plates)}, {})
    assert list(filter(status.serves, ("tiles", "plates"))) == served


def test_every_trouble_is_in_the_status() -> None:
    stations = {"tiles": Station("no_release"), "pcb": Station(""), "plates": Station("gone")}
    assert status_of(stations, {}).troubles == {
        "tiles": Trouble(code="no_release"),
        "plates": Trouble(code="gone"),
    }
