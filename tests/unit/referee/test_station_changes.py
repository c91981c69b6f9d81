"""What a changed line file does to each station of a running line."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.line import LineFile
from contracts.release import Release
from referee.line.station_changes import InForce, Outcome, StationPlan, plan_stations

NAMES = ["top", "side", "edge"]
MODBUS = frozenset({"modbus"})


def station(unit: int, words: str = "a scratch", **fields: Any) -> dict[str, Any]:
    plc = {"unit": unit, **fields.pop("plc", {})}
    return {"camera": {"kind": "replay"}, "prompts": [{"words": words}], "plc": plc, **fields}


def line(**stations: dict[str, Any]) -> LineFile:
    return LineFile.model_validate({"site": "s", "line": "l", "stations": stations})


def in_force(file: LineFile) -> dict[str, InForce]:
    links = file.roster().stations
    return {
        name: InForce(Release.of(name, each.config).release_id, each.plc_unit, links[name])
        for name, each in file.stations.items()
    }


def plan(before: LineFile, after: LineFile, *, restart: bool = False) -> StationPlan:
    return plan_stations(in_force(before), after, MODBUS, restart=restart)


def outcomes(found: StationPlan) -> dict[str, Outcome]:
    return {change.subject: change.outcome for change in found.changes}


def test_only_a_station_that_the_file_changes_is_changed() -> None:
    before = line(top=station(1), side=station(2))
    found = plan(before, line(top=station(1, words="a dent"), side=station(2)))
    assert outcomes(found) == {"top": Outcome.IN_FORCE, "side": Outcome.UNCHANGED}


def test_who_may_write_is_a_change_of_its_own() -> None:
    after = line(top=station(1, plc={"peers": ["10.0.0.7"]}))
    assert outcomes(plan(line(top=station(1)), after)) == {"top": Outcome.IN_FORCE}


def test_stations_come_and_go() -> None:
    found = plan(line(top=station(1), side=station(2)), line(top=station(1), edge=station(3)))
    assert outcomes(found) == {
        "top": Outcome.UNCHANGED,
        "edge": Outcome.IN_FORCE,
        "side": Outcome.IN_FORCE,
    }


def test_a_new_name_on_the_unit_of_one_that_is_gone_must_say_what_it_is() -> None:
    before = line(top=station(1), side=station(2))
    found = plan(before, line(lid=station(1), side=station(2)))
    assert outcomes(found) == {
        "lid": Outcome.REFUSED,
        "top": Outcome.REFUSED,
        "side": Outcome.UNCHANGED,
    }
    (lid,) = [change for change in found.changes if change.subject == "lid"]
    assert "`renamed_from: top`" in lid.detail
    assert "`renamed_from: null`" in lid.detail
    assert found.keep == {"lid", "top"}


def test_a_new_name_that_says_what_it_is_is_taken() -> None:
    before = line(top=station(1))
    for answer in ("top", None):
        found = plan(before, line(lid=station(1, renamed_from=answer)))
        assert outcomes(found) == {"lid": Outcome.IN_FORCE, "top": Outcome.IN_FORCE}


def test_another_unit_needs_a_restart_of_the_bridge() -> None:
    before, after = line(top=station(1), side=station(2)), line(top=station(7), side=station(2))
    found = plan(before, after)
    assert outcomes(found) == {"top": Outcome.NEEDS_RESTART, "side": Outcome.UNCHANGED}
    assert found.keep == {"top"}
    assert outcomes(plan(before, after, restart=True))["top"] is Outcome.IN_FORCE


def test_a_fieldbus_that_is_not_served_needs_a_restart_of_the_bridge() -> None:
    after = line(top=station(1), side=station(2, plc={"protocol": "opcua"}))
    found = plan(line(top=station(1)), after)
    assert outcomes(found)["side"] is Outcome.NEEDS_RESTART
    assert "does not serve opcua" in found.changes[1].detail


files = st.dictionaries(
    st.sampled_from(NAMES),
    st.tuples(st.integers(1, 4), st.sampled_from(["a dent", "a scratch"])),
    min_size=1,
).filter(lambda found: len({unit for unit, _ in found.values()}) == len(found))


@given(before=files, after=files, restart=st.booleans())
def test_each_station_is_named_once_and_keeps_what_it_has_if_it_is_not_changed(
    before: dict[str, Any], after: dict[str, Any], restart: bool
) -> None:
    old, new = (
        line(**{name: station(unit, words) for name, (unit, words) in each.items()})
        for each in (before, after)
    )
    found = plan(old, new, restart=restart)
    assert sorted(each.subject for each in found.changes) == sorted(before.keys() | after.keys())
    said = outcomes(found)
    for name in before.keys() & after.keys():
        assert (said[name] is Outcome.UNCHANGED) == (before[name] == after[name])
    waits = {
        name for name, each in said.items() if each in (Outcome.REFUSED, Outcome.NEEDS_RESTART)
    }
    assert found.keep == waits
