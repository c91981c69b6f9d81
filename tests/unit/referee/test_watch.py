"""A line is up when nothing but the PLC is missing; else it says who is not ready and why."""

from typing import Any

import pytest

from contracts.conditions import CONDITIONS
from contracts.names import Topics
from contracts.process_state import ProcessState, Role, Trouble
from contracts.roster import Roster, RosterStation
from plc.core.phases import ErrorCode
from referee.line.watch import FOLLOWERS, THE_PLC_IS_MISSING, LineWatch


def state(process: str, *, ready: bool = True, **fields: Any) -> ProcessState:
    role = Role(process.split("-")[0])
    usual = {"online": True, "ready": ready, "at_utc_ns": 0}
    return ProcessState(process=process, role=role, **usual | fields)


def troubles(**codes: str) -> dict[str, Trouble]:
    return {station: Trouble(code=code) for station, code in codes.items()}


def watch(*states: ProcessState) -> LineWatch:
    line = LineWatch(link=None, topics=Topics("s", "l"))
    line.states = {each.process: each for each in states}
    return line


READY = (state("inference"), state("ingest"))


@pytest.mark.parametrize(
    "codes", [{"plate": "no_resync"}, {"plate": "plc_silent", "top": "no_resync"}]
)
def test_a_line_without_its_plc_is_up(codes: dict[str, str]) -> None:
    bridge = state("bridge", ready=False, troubles=troubles(**codes))
    assert not watch(*READY, bridge).reasons_to_wait()


def test_a_roster_is_followed_by_all_who_are_there() -> None:
    roster = Roster(stations={"plate": RosterStation()})
    everybody = [state(role, roster_id=roster.roster_id) for role in FOLLOWERS]
    assert all(watch(*everybody).followers(roster).values())
    late = state("inference-2")
    assert watch(*everybody, late).followers(roster)[Role.INFERENCE] is False
    gone = state("bridge", online=False, roster_id=roster.roster_id)
    assert watch(*everybody[1:], gone).followers(roster)[Role.BRIDGE] is False
    assert watch(*everybody, state("archive")).followers(roster)[Role.ARCHIVE] is False


def test_the_plcs_troubles_are_codes_of_the_bridge() -> None:
    assert {code.upper() for code in THE_PLC_IS_MISSING} <= set(ErrorCode.__members__)


def test_a_line_that_serves_is_up() -> None:
    assert not watch(*READY, state("bridge")).reasons_to_wait()


@pytest.mark.parametrize(
    ("bridge", "reason"),
    [
        (None, "bridge: starting"),
        (state("bridge", online=False), "bridge: starting"),
        (state("bridge", ready=False), "bridge: not ready"),
        (
            state("bridge", ready=False, troubles=troubles(plate="no_broker", top="no_resync")),
            f"bridge: plate: {CONDITIONS['no_broker'].words}",
        ),
        (
            state("bridge", troubles=troubles(plate="line_stop")),
            f"bridge: plate: {CONDITIONS['line_stop'].words}",
        ),
    ],
)
def test_what_is_missing_is_named(bridge: ProcessState | None, reason: str) -> None:
    assert watch(*READY, *([bridge] if bridge else [])).reasons_to_wait() == reason


def test_a_process_that_serves_some_stations_is_waited_for() -> None:
    some = state("ingest", stations=("plate",), troubles=troubles(top="no_release"))
    line = watch(state("inference"), some, state("bridge"))
    assert line.reasons_to_wait() == f"ingest: top: {CONDITIONS['no_release'].words}"


def test_a_detail_says_more_than_its_code() -> None:
    trouble = Trouble(code="no_camera", detail="no such device; is it plugged in?")
    line = watch(state("inference"), state("ingest", troubles={"top": trouble}), state("bridge"))
    assert line.reasons_to_wait() == "ingest: top: no such device; is it plugged in?"


def test_every_worker_that_is_online_is_waited_for() -> None:
    workers = state("inference-1"), state("inference-2", ready=False, reason="no model")
    gone = state("inference-3", online=False, ready=False)
    line = watch(*workers, gone, state("ingest"), state("bridge"))
    assert line.reasons_to_wait() == "inference-2: no model"


def test_every_needed_process_is_named() -> None:
    waits = watch(state("inference", ready=False, reason="Triton is not ready")).reasons_to_wait()
    assert waits == "bridge: starting; inference: Triton is not ready; ingest: starting"
