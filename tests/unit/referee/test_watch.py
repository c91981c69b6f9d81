"""A line is up when nothing but the PLC is missing; else it says who is not ready and why."""

from typing import Any

import pytest

from contracts.messages import ProcessState
from contracts.names import Topics
from referee.line.watch import LineWatch


def state(process: str, **fields: Any) -> ProcessState:
    usual = {"online": True, "ready": True, "at_utc_ns": 0}
    return ProcessState(process=process, **usual | fields)


def watch(*states: ProcessState) -> LineWatch:
    line = LineWatch(link=None, topics=Topics("s", "l"))  # type: ignore[arg-type]
    line.states = {each.process: each for each in states}
    return line


READY = (state("inference"), state("ingest"))


@pytest.mark.parametrize("reason", ["plate: no_resync", "plate: plc_silent; top: no_resync"])
def test_a_line_without_its_plc_is_up(reason: str) -> None:
    assert not watch(*READY, state("bridge", ready=False, reason=reason)).reasons_to_wait()


def test_a_line_that_serves_is_up() -> None:
    assert not watch(*READY, state("bridge")).reasons_to_wait()


@pytest.mark.parametrize(
    ("bridge", "told"),
    [
        (None, "bridge: starting"),
        (state("bridge", online=False), "bridge: starting"),
        (state("bridge", ready=False), "bridge: not ready"),
        (
            state("bridge", ready=False, reason="plate: no_broker; top: no_resync"),
            "bridge: plate: no_broker",
        ),
        (state("bridge", stations=("top",), reason="plate: stopped"), "bridge: plate: stopped"),
    ],
)
def test_what_is_missing_is_told(bridge: ProcessState | None, told: str) -> None:
    assert watch(*READY, *([bridge] if bridge else [])).reasons_to_wait() == told


def test_a_process_that_serves_some_stations_is_waited_for() -> None:
    some = state("ingest", stations=("plate",), reason="top: no release")
    line = watch(state("inference"), some, state("bridge"))
    assert line.reasons_to_wait() == "ingest: top: no release"


def test_every_needed_process_is_told() -> None:
    waits = watch(state("inference", ready=False, reason="Triton is not ready")).reasons_to_wait()
    assert waits == "bridge: starting; inference: Triton is not ready; ingest: starting"
