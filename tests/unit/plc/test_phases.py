"""Every transition of a station's bridge."""

from __future__ import annotations

import pytest

from plc.core.phases import BridgePhase as P
from plc.core.phases import BridgeState, ErrorCode, Health

UP = Health(*[True] * len(Health._fields))


def state(health: Health = UP, *, running: bool = True) -> BridgeState:
    fresh = BridgeState()
    fresh.update(health, set_offline=False, running=running)
    return fresh


@pytest.mark.parametrize("missing", [name for name in Health._fields if name != "agreed"])
def test_init_until_all_is_up_and_the_code_says_what_is_missing(missing):
    waiting = state(UP._replace(**{missing: False}))
    assert waiting.phase is P.INIT
    assert not waiting.trigger_ready
    assert waiting.error_code is not ErrorCode.NONE
    waiting.update(UP, set_offline=False, running=False)
    assert (waiting.phase, waiting.error_code) == (P.READY, ErrorCode.NONE)


def test_running_while_the_line_runs():
    ready = state(running=False)
    assert ready.phase is P.READY
    ready.update(UP, set_offline=False, running=True)
    assert ready.phase is P.RUNNING


@pytest.mark.parametrize("lost", ["broker", "journal", "release", "inference", "camera"])
def test_degraded_still_takes_parts_and_recovers(lost):
    line = state()
    line.update(UP._replace(**{lost: False}), set_offline=False, running=True)
    assert line.phase is P.DEGRADED
    assert line.trigger_ready
    line.update(UP, set_offline=False, running=True)
    assert line.phase is P.RUNNING


def test_a_silent_plc_is_a_fault_until_it_is_back_and_clears():
    line = state()
    line.update(UP._replace(plc_alive=False), set_offline=False, running=True)
    assert (line.phase, line.error_code) == (P.FAULT, ErrorCode.PLC_SILENT)
    assert not line.trigger_ready
    line.clear_error()
    assert line.phase is P.FAULT  # the cause is still there
    line.update(UP, set_offline=False, running=True)
    assert line.phase is P.FAULT  # latched
    line.clear_error()
    assert line.phase is P.RUNNING


def test_an_unknown_recipe_is_a_fault_until_a_known_one_is_selected_and_clears():
    line = state()
    line.update(UP._replace(recipe=False), set_offline=False, running=True)
    assert (line.phase, line.error_code) == (P.FAULT, ErrorCode.UNKNOWN_RECIPE)
    assert not line.trigger_ready
    line.clear_error()
    assert line.phase is P.FAULT  # the cause is still there
    line.update(UP, set_offline=False, running=True)
    assert line.phase is P.FAULT  # latched
    line.clear_error()
    assert line.phase is P.RUNNING


def test_without_a_release_no_recipe_is_a_fault():
    line = state()
    line.update(UP._replace(release=False, recipe=False), set_offline=False, running=True)
    assert (line.phase, line.error_code) == (P.DEGRADED, ErrorCode.NO_RELEASE)


def test_inference_with_another_release_stops_no_line():
    line = state()
    line.update(UP._replace(agreed=False), set_offline=False, running=True)
    assert line.phase is P.RUNNING


def test_a_line_stop_is_cleared_in_two_steps():
    line = state()
    line.stop_line()
    assert (line.phase, line.line_stop) == (P.FAULT, True)
    line.clear_error()
    assert line.phase is P.FAULT
    line.clear_line_stop()
    assert not line.line_stop
    line.clear_error()
    assert line.phase is P.RUNNING


@pytest.mark.parametrize(
    "code", [ErrorCode.UNCONFIRMED_REJECT, ErrorCode.OVERRUN, ErrorCode.SEQUENCE_JUMP]
)
@pytest.mark.parametrize("lost", [None, "broker"])
def test_what_happened_once_is_a_fault_until_it_is_cleared(code, lost):
    line = state()
    health = UP._replace(**{lost: False}) if lost else UP
    line.update(health, set_offline=False, running=True)  # RUNNING, or DEGRADED
    line.fault(code)
    assert (line.phase, line.error_code) == (P.FAULT, code)
    line.update(UP, set_offline=False, running=True)
    assert line.phase is P.FAULT
    line.clear_error()
    assert (line.phase, line.error_code) == (P.RUNNING, ErrorCode.NONE)


@pytest.mark.parametrize("phase_of", [lambda s: None, lambda s: s.stop_line()])
def test_offline_from_anywhere_when_asked(phase_of):
    line = state()
    phase_of(line)
    line.update(UP, set_offline=True, running=True)
    assert (line.phase, line.error_code) == (P.OFFLINE, ErrorCode.SET_OFFLINE)
    assert not line.trigger_ready


def test_a_cleared_fault_with_something_missing_starts_over_from_init():
    line = state()
    line.fault(ErrorCode.OVERRUN)
    line.update(UP._replace(broker=False), set_offline=False, running=True)
    line.clear_error()
    assert line.phase is P.INIT
