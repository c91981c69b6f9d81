"""The health of a line, from what its processes say."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.conditions import CONDITIONS, Severity
from contracts.health import STALE_AFTER_S, Heard, LineHealth, line_health
from contracts.process_state import Condition, ProcessState, Role, Trouble

S = 10**9
NOW_NS = 1_764_400_000 * S


def state(process: str, role: Role | None = None, **fields: Any) -> ProcessState:
    usual = {"online": True, "ready": True, "at_utc_ns": NOW_NS, "role": role or Role(process)}
    return ProcessState(process=process, **usual | fields)


LINE = tuple(state(role, stations=("tiles",)) for role in Role)


def health(*states: ProcessState, s_ago: float = 1.0) -> LineHealth:
    """The whole line, with these states in place of the usual ones."""
    said = {each.process: each for each in (*LINE, *states)}
    return line_health([Heard(each, s_ago) for each in said.values()])


def codes(line: LineHealth) -> list[str]:
    return [each.code for each in line.conditions]


def test_a_line_whose_processes_are_ready_needs_nobody() -> None:
    line = health()
    assert not line.conditions
    assert not line.needs_person
    assert {each.doing for each in line.processes} == {"ready"}
    assert [each.station for each in line.stations] == ["tiles"]


def test_an_alarm_needs_a_person_and_a_warning_does_not() -> None:
    for code, kind in CONDITIONS.items():
        line = health(state("storage", conditions=(Condition(code=code),)))
        assert codes(line) == [code]
        assert line.needs_person is (kind.severity is Severity.ALARM)


def test_what_several_processes_say_is_one_condition() -> None:
    told = {"tiles": Trouble(code="no_release")}
    line = health(state("bridge", troubles=told), state("ingest", troubles=told))
    (only,) = line.conditions
    assert (only.code, only.station, only.said_by) == ("no_release", "tiles", ("bridge", "ingest"))


def test_two_processes_that_are_gone_are_two_conditions() -> None:
    gone = [state(name, online=False, ready=False) for name in ("bridge", "ingest")]
    line = health(*gone)
    assert [(each.code, each.said_by) for each in line.conditions] == [
        ("process_gone", ("bridge",)),
        ("process_gone", ("ingest",)),
    ]


def test_one_of_several_workers_that_is_gone_is_a_warning() -> None:
    spare = state("inference-2", Role.INFERENCE, online=False, ready=False)
    line = health(spare)
    assert codes(line) == ["spare_gone"]
    assert not line.needs_person
    assert "process_gone" in codes(health(spare, state("inference", ready=False)))


def test_a_process_that_says_nothing_any_more_is_silent_whatever_it_said_last() -> None:
    heard = [Heard(each, 1.0) for each in LINE if each.role is not Role.STORAGE]
    line = line_health([*heard, Heard(state("storage"), STALE_AFTER_S)])
    assert codes(line) == ["process_silent"]
    assert line.needs_person


def test_a_role_that_never_reported_is_missing() -> None:
    line = line_health([Heard(each, 1.0) for each in LINE if each.role is not Role.INGEST])
    assert codes(line) == ["process_gone"]
    assert line.conditions[0].detail == "no ingest process has reported"


def test_how_long_a_condition_lasts_is_by_the_clock_of_who_says_it() -> None:
    an_hour_back = NOW_NS - 3600 * S
    locked = Condition(code="database_locked", since_utc_ns=an_hour_back - 12 * S)
    line = health(state("storage", at_utc_ns=an_hour_back, conditions=(locked,)), s_ago=2.0)
    assert line.conditions[0].for_s == 14.0


def test_a_state_of_the_version_before_says_its_troubles() -> None:
    old = state("ingest", schema_version=2, troubles={"tiles": Trouble(code="no_camera")})
    assert codes(health(old)) == ["no_camera"]


CONDITION = st.builds(
    Condition,
    code=st.sampled_from(sorted(CONDITIONS)),
    station=st.sampled_from([None, "tiles", "lids"]),
    detail=st.sampled_from(["", "a", "b"]),
)
STATE = st.builds(
    state,
    process=st.sampled_from([role.value for role in Role]),
    online=st.booleans(),
    ready=st.booleans(),
    conditions=st.lists(CONDITION, max_size=4).map(tuple),
)


@given(st.lists(STATE, max_size=6), st.floats(0, 30))
def test_nothing_that_is_said_gets_lost_and_the_worst_comes_first(
    states: list[ProcessState], s_ago: float
) -> None:
    line = health(*states, s_ago=s_ago)
    ranks = [(each.severity.rank, each.station is not None) for each in line.conditions]
    assert ranks == sorted(ranks)
    keys = [(each.code, each.station) for each in line.conditions]
    last = {each.process: each for each in (*LINE, *states)}
    for told in last.values():
        if told.online and s_ago < STALE_AFTER_S:
            assert {each.key for each in told.all_conditions()} <= set(keys)
