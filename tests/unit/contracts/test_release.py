"""A release is named after its content, and a configuration says what is wrong with it."""

from typing import Any

import pytest
from pydantic import ValidationError

from contracts.causes import Mode
from contracts.line import LineFile
from contracts.release import Activation, Release, StationConfig

CONFIG: dict[str, Any] = {"camera": {"kind": "replay"}, "prompts": [{"words": "any defect"}]}


def config(**changes: Any) -> StationConfig:
    return StationConfig.model_validate(CONFIG | changes)


def test_the_same_configuration_has_the_same_name() -> None:
    assert Release.of("tiles", config()) == Release.of("tiles", config())


@pytest.mark.parametrize(
    "change",
    [{"deadline_ms": 999}, {"prompts": [{"words": "any crack"}]}, {"scale_mm_per_px": 0.1}],
)
def test_every_change_is_another_release(change: dict[str, Any]) -> None:
    assert (
        Release.of("tiles", config(**change)).release_id != Release.of("tiles", config()).release_id
    )


def test_a_release_under_a_wrong_name_is_refused() -> None:
    good = Release.of("tiles", config())
    with pytest.raises(ValidationError, match="its content is"):
        Release.model_validate(good.model_dump() | {"release_id": "0" * 12})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"region_of_interest": [(0, 0), (1, 1)]}, "at least 3 corners"),
        ({"region_of_interest": [(0, 0), (1, 0), (1, 40)]}, "between 0 and 1"),
        ({"prompts": [{"words": "a", "label": "x"}, {"words": "x"}]}, "same label"),
        ({"prompts": []}, "at least 1"),
        ({"scale_mm_per_px": 0}, "greater than 0"),
        ({"deadline_ms": 5}, "greater than or equal to 10"),
        ({"camera": {"kind": "replai"}}, "replay"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        config(**change)


def test_areas_are_in_the_stations_unit() -> None:
    assert (config().area_unit, config().area_in_unit(8.0)) == ("px2", 8.0)
    scaled = config(scale_mm_per_px=0.5)
    assert (scaled.area_unit, scaled.area_in_unit(8.0)) == ("mm2", 2.0)


@pytest.mark.parametrize(
    ("stations", "told"),
    [
        ({"a": CONFIG, "b": CONFIG}, "plc_unit"),
        ({"stored": CONFIG}, "cannot be called stored"),
        ({"Top Camera": CONFIG}, "pattern"),
        ({}, "at least 1"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(stations: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        LineFile.model_validate({"site": "s", "line": "l", "stations": stations})


def test_a_station_observes_until_its_line_file_says_otherwise() -> None:
    assert config().mode is Mode.OBSERVE
    assert config(mode="guard").mode is Mode.GUARD


@pytest.mark.parametrize(
    ("who", "why"), [("", "a reason"), ("anna", ""), ("anna", " "), (" ", "x")]
)
def test_a_bypass_without_a_name_and_a_reason_is_refused(who: str, why: str) -> None:
    bypass = Release.of("tiles", config(mode="bypass"))
    with pytest.raises(ValidationError, match="needs who and why"):
        Activation.by(who, why, bypass)
    assert Activation.by("anna", "the gate is mended", bypass).release_id == bypass.release_id


@pytest.mark.parametrize("mode", ["observe", "guard"])
def test_what_is_no_bypass_may_go_unsigned(mode: str) -> None:
    release = Release.of("tiles", config(mode=mode))
    assert Activation.model_validate_json(release.model_dump_json()).who == ""
