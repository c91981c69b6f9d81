"""The deadline from the way to the gate: never later than every machine's time allows."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.gate_timing import GateTiming, format_ms
from contracts.line import Station
from contracts.release import Release, StationConfig

GATE = {
    "distance_from_trigger_mm": 600,
    "greatest_belt_speed_mm_per_s": 500,
    "actuator_ms": 60,
    "plc_scan_ms": 10,
    "plc_poll_ms": 20,
    "margin_ms": 40,
}
STATION = {"camera": {"kind": "simulated"}, "prompts": [{"words": "any defect"}]}


def tenths(least: float, most: float) -> st.SearchStrategy[float]:
    return st.integers(round(least * 10), round(most * 10)).map(lambda n: n / 10)


def gates(**changes: st.SearchStrategy) -> st.SearchStrategy[dict[str, float]]:
    """Any that somebody may write, in tenths."""
    fields = {
        "distance_from_trigger_mm": tenths(0.1, 50_000),
        "greatest_belt_speed_mm_per_s": tenths(0.1, 5_000),
        "actuator_ms": tenths(0, 500),
        "plc_scan_ms": tenths(0, 100),
        "plc_poll_ms": tenths(0, 200),
        "margin_ms": tenths(0, 500),
    }
    return st.fixed_dictionaries(fields | changes)


def exact(written: float) -> Fraction:
    return Fraction(round(written * 10), 10)


def left_ms(gate: dict[str, float]) -> Fraction:
    """As docs/plc.md has it."""
    term = {name: exact(value) for name, value in gate.items()}
    travel_s = term["distance_from_trigger_mm"] / term["greatest_belt_speed_mm_per_s"]
    twice = 2 * term["plc_scan_ms"] + 2 * term["plc_poll_ms"]
    return travel_s * 1000 - term["actuator_ms"] - twice - term["margin_ms"]


def read(gate: dict[str, float]) -> GateTiming | None:
    try:
        return GateTiming.model_validate(gate)
    except ValidationError:
        return None


def test_the_terms_of_an_example() -> None:
    gate = GateTiming.model_validate(GATE)
    assert (gate.travel_ms, gate.reserved_ms, gate.deadline_ms) == (1200, 160, 1040)
    assert gate.acknowledging_ms == 50


@given(gates())
def test_the_deadline_is_the_last_whole_millisecond_that_is_left(gate: dict[str, float]) -> None:
    left, timing = left_ms(gate), read(gate)
    if left < 10:
        assert timing is None
    else:
        assert timing is not None
        assert timing.deadline_ms <= left < timing.deadline_ms + 1


@given(gates(), st.sampled_from(list(GATE)), st.integers(1, 1000))
def test_more_of_anything_but_the_way_leaves_no_more_time(
    gate: dict[str, float], name: str, tenths: int
) -> None:
    before, after = read(gate), read(gate | {name: gate[name] + tenths / 10})
    if name == "distance_from_trigger_mm":
        before, after = after, before
    if after is not None:
        assert before is not None
        assert after.deadline_ms <= before.deadline_ms


SHORT = {
    "distance_from_trigger_mm": st.just(1),
    "greatest_belt_speed_mm_per_s": tenths(100, 5000),
    "margin_ms": tenths(10, 500),
}


@given(gates(**SHORT))
def test_the_distance_that_the_error_names_is_enough_and_a_millimetre_less_is_not(
    gate: dict[str, float],
) -> None:
    with pytest.raises(ValidationError) as caught:
        GateTiming.model_validate(gate)
    told = caught.value.errors()[0]["msg"]
    enough_mm = int(told.split("at least ")[1].split(" mm")[0])
    assert read(gate | {"distance_from_trigger_mm": enough_mm}) is not None
    assert read(gate | {"distance_from_trigger_mm": enough_mm - 1}) is None


@given(gates(), st.none() | st.integers(10, 60_000))
def test_a_station_is_never_later_than_its_gate(
    gate: dict[str, float], given_ms: int | None
) -> None:
    timing = read(gate)
    said = {} if given_ms is None else {"deadline_ms": given_ms}
    try:
        station = Station.model_validate(STATION | {"gate": gate} | said)
    except ValidationError:
        assert timing is None or (given_ms is not None and given_ms > timing.deadline_ms)
        return
    assert timing is not None
    latest_ms = min(timing.deadline_ms, 60_000)
    assert station.deadline_ms == (latest_ms if given_ms is None else given_ms) <= latest_ms
    assert station.deadline_given == (given_ms is not None)


def test_a_release_carries_the_deadline_and_not_the_gate() -> None:
    told = Station.model_validate(STATION | {"gate": GATE})
    plain = StationConfig.model_validate(STATION | {"deadline_ms": 1040})
    assert Release.of("top", told.config) == Release.of("top", plain)


def test_without_gate_and_deadline_it_is_the_default() -> None:
    station = Station.model_validate(STATION)
    assert (station.deadline_ms, station.deadline_given, station.gate) == (1000, False, None)


@given(st.fractions(-1000, 1_000_000))
def test_what_is_format_ms_is_never_more_than_there_is(number: Fraction) -> None:
    assert number - Fraction(1, 10) < Fraction(format_ms(number)) <= number
