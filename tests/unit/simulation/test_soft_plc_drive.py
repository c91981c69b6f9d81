"""The simulated belt's drive, and the settings that reach the simulated PLC."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.line import LineFile, SoftPlc
from referee.line.endpoints import choose
from referee.line.programs import soft_plc_argv
from simulation.soft_plc.drive import Drive, DrivePlan, S
from simulation.soft_plc.options import parsed, programs

MS = S // 1000
RESTLESS = DrivePlan(speed_change_every_s=3, least_speed=0.4, stop_every_s=5, stop_for_s=1.5)
STATION = {"camera": {"kind": "simulated"}, "prompts": [{"words": "a scratch"}]}
GATE = {
    "distance_from_trigger_mm": 700,
    "greatest_belt_speed_mm_per_s": 500,
    "actuator_ms": 50,
    "plc_scan_ms": 10,
    "plc_poll_ms": 20,
    "margin_ms": 90,
}


def way_of(plan: DrivePlan, steps_ms: list[int], seed: int = 7) -> tuple[int, Drive]:
    drive, at_ns = Drive(plan, seed), 0
    for step_ms in steps_ms:
        at_ns += drive.travel(at_ns, step_ms * MS)
    return at_ns, drive


def test_without_a_plan_the_belt_runs_as_the_clock_does():
    assert way_of(DrivePlan(), [8, 100, 3])[0] == 111 * MS


@given(steps_ms=st.lists(st.integers(1, 4000), min_size=1, max_size=40))
def test_however_the_time_is_cut_the_belt_is_at_the_same_place(steps_ms):
    at_ns, drive = way_of(RESTLESS, steps_ms)
    at_once_ns, _ = way_of(RESTLESS, [sum(steps_ms)])
    assert at_ns == pytest.approx(at_once_ns, abs=100)  # a nanosecond of rounding a step
    stood_ns = drive.stops * RESTLESS.stop_for_s * S
    assert at_ns <= sum(steps_ms) * MS
    assert at_ns >= (sum(steps_ms) * MS - stood_ns) * RESTLESS.least_speed - 100


def test_stops_and_speeds_come_about_as_often_as_planned():
    at_ns, drive = way_of(RESTLESS, [100] * 6000)  # ten minutes
    assert drive.stops == pytest.approx(at_ns / S / 5, rel=0.15)
    speeds, drive = set(), Drive(RESTLESS, 7)
    at_ns = 0
    for _ in range(600):
        at_ns += drive.travel(at_ns, 100 * MS)
        speeds.add(drive.speed)
    assert len(speeds) > 5
    assert min(speeds) >= 0.4
    assert min(speeds) < 0.6


def line_file(**soft_plc: object) -> LineFile:
    return LineFile.model_validate(
        {
            "site": "demo",
            "line": "demo",
            "stations": {
                "lids": STATION | {"plc_unit": 2, "deadline_ms": 700},
                "tubs": STATION | {"plc_unit": 5, "gate": GATE},
            },
            "soft_plc": {"parts_per_s": 3, **soft_plc},
        }
    )


def argv_of(line: LineFile) -> list[str]:
    endpoints = choose(line, outward=False)
    assert line.soft_plc is not None
    return soft_plc_argv(line, line.soft_plc, endpoints, Path("report.json"))[3:]


def test_the_gates_way_is_the_stations_own_where_the_line_file_has_it():
    assert parsed(argv_of(line_file())).gate_after_ms == [900, 1400]
    assert parsed(argv_of(line_file(gate_after_ms=640))).gate_after_ms == [640, 640]


def test_all_that_the_section_says_reaches_the_simulated_plc():
    belt = {"speed_change_every_s": 3, "least_speed": 0.4, "stop_every_s": 5, "stop_for_s": 1.5}
    faults = {"low_air_at": [4, 9], "restart_at": [30, 20], "bin_holds": 6}
    line = line_file(
        jitter=0.3, seed=8, cycle_ms=12.5, belt=belt, faults=faults | {"bin_emptied_after_s": 2}
    )
    options = parsed(argv_of(line))
    assert (options.unit, options.parts_per_s, options.jitter) == ([2, 5], 3.0, 0.3)
    assert (options.seed, options.cycle_ms) == (8, 12.5)
    said = {name: getattr(options, name) for name in (*belt, *faults, "bin_emptied_after_s")}
    assert said == belt | faults | {"bin_emptied_after_s": 2}
    made = programs(options, boot_id=3)
    assert [program.belt.plan.seed for program in made.values()] == [8, 9]
    assert set(SoftPlc.model_fields) == {  # else the test has a new one to try
        *("parts_per_s", "gate_after_ms", "jitter", "cycle_ms", "seed", "belt", "faults")
    }


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"belt": {"least_speed": 0.5}}, "give both or neither"),
        ({"belt": {"speed_change_every_s": 2}}, "give both or neither"),
        ({"belt": {"least_speed": 0, "speed_change_every_s": 2}}, "greater than 0"),
        ({"faults": {"low_air_at": [0]}}, "greater than or equal to 1"),
        ({"faults": {"bin_holds": 0}}, "greater than or equal to 1"),
        ({"faults": {"no_air": 3}}, "no_air"),
    ],
)
def test_a_section_that_makes_no_sense_says_what_to_do(section, says):
    with pytest.raises(ValidationError, match=says):
        line_file(**section)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--gate-after-ms", "9", "--gate-after-ms", "9"], "once for each --unit"),
        (["--least-speed", "0.5"], "go together"),
        (["--least-speed", "1.5", "--speed-change-every-s", "2"], "more than the whole"),
        (["--parts-per-s", "0"], "not above 0"),
        (["--low-air-at", "0"], "counted from 1"),
    ],
)
def test_a_command_line_that_makes_no_sense_says_what_to_do(options, says, capsys):
    with pytest.raises(SystemExit):
        parsed(["--unit", "1", "--report", "r.json", *options])
    assert says in capsys.readouterr().err
