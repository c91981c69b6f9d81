"""A roster has one name everywhere, and a station's name before belongs to one station."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from contracts.line import LineFile
from contracts.roster import Roster, RosterStation

FIXTURES = Path(__file__).parents[2] / "fixtures"
SLUGS = st.from_regex(r"\A[a-z0-9][a-z0-9_-]{0,8}\Z")


class LaterStation(RosterStation):
    """A station as a later version may describe it."""

    peers: tuple[str, ...] = ()


class LaterRoster(Roster):
    stations: dict[str, LaterStation] = Field(min_length=1)  # type: ignore[assignment]


def line(stations: dict[str, dict[str, Any]]) -> LineFile:
    usual = {"camera": {"kind": "simulated"}, "prompts": [{"words": "a dent"}]}
    numbered = enumerate(stations.items(), start=1)
    return LineFile.model_validate(
        {
            "site": "s",
            "line": "l",
            "stations": {
                name: {**usual, "plc": {"unit": unit}, **more} for unit, (name, more) in numbered
            },
        }
    )


@given(st.dictionaries(SLUGS, st.sampled_from(["modbus", "opcua"]), min_size=1), st.randoms())
def test_the_same_stations_have_the_same_name_in_any_order(
    spoken: dict[str, str], random: Any
) -> None:
    stations = {name: RosterStation(protocol=protocol) for name, protocol in spoken.items()}
    shuffled = list(stations.items())
    random.shuffle(shuffled)
    roster = Roster(stations=stations)
    assert Roster(stations=dict(shuffled)).roster_id == roster.roster_id
    assert Roster.model_validate_json(roster.model_dump_json()).roster_id == roster.roster_id
    assert LaterRoster.model_validate_json(roster.model_dump_json()).roster_id == roster.roster_id


@given(st.dictionaries(SLUGS, st.just(RosterStation()), min_size=2), st.data())
def test_other_stations_have_another_name(
    stations: dict[str, RosterStation], data: st.DataObject
) -> None:
    changed = data.draw(st.sampled_from(sorted(stations)))
    fewer = {name: each for name, each in stations.items() if name != changed}
    other = stations | {changed: RosterStation(protocol="opcua")}
    ids = {Roster(stations=each).roster_id for each in (stations, fewer, other)}
    assert len(ids) == 3


def test_a_roster_keeps_the_name_that_version_1_gave_it() -> None:
    roster = Roster.model_validate_json((FIXTURES / "v1/roster.json").read_text())
    told = json.loads((FIXTURES / "v3/state_roster.json").read_text())
    assert roster.roster_id == told["roster_id"]


def test_a_line_without_a_station_is_no_roster() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        Roster(stations={})


def test_a_line_file_names_its_stations_and_what_their_plcs_speak() -> None:
    roster = line({"top": {}, "bottom": {"plc": {"unit": 2, "protocol": "opcua"}}}).roster()
    assert roster.stations == {"top": RosterStation(), "bottom": RosterStation(protocol="opcua")}


def test_a_station_cannot_be_called_as_the_topic_of_the_roster() -> None:
    with pytest.raises(ValidationError, match="a station cannot be called stations"):
        line({"stations": {}})


@pytest.mark.parametrize(
    ("stations", "reason"),
    [
        ({"top": {"renamed_from": "top"}}, "stations.top.renamed_from is top"),
        ({"top": {}, "new": {"renamed_from": "top"}}, "stations.new.renamed_from is top"),
        (
            {"top": {"renamed_from": "new"}, "new": {"renamed_from": "top"}},
            "stations.top.renamed_from is new",
        ),
        (
            {"one": {"renamed_from": "old"}, "two": {"renamed_from": "old"}},
            "stations one and two both have renamed_from old",
        ),
    ],
)
def test_a_name_before_that_is_a_station_or_taken_twice_is_refused(
    stations: dict[str, dict[str, Any]], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        line(stations)


def test_a_name_before_is_part_of_the_release_and_no_name_is_none() -> None:
    renamed, new, plain = line(
        {"a": {"renamed_from": "x"}, "b": {"renamed_from": None}, "c": {}}
    ).stations.values()
    assert (renamed.config.renamed_from, new.config.renamed_from) == ("x", None)
    given = ["renamed_from" in each.model_fields_set for each in (renamed, new, plain)]
    assert given == [True, True, False]
