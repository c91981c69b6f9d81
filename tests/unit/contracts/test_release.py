"""A release is named after its content, and a configuration says what is wrong with it."""

from typing import Any

import pytest
from pydantic import ValidationError

from contracts.causes import Mode
from contracts.line import LineFile
from contracts.release import Activation, Release, StationConfig

RECIPES: dict[int, Any] = {
    2: {"prompts": [{"words": "rust"}]},
    10: {"prompts": [{"words": "a dent"}], "region_of_interest": [(0, 0), (1, 0), (1, 1)]},
}
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
        ({"camera": {"folder": "x"}}, "camera.kind"),
        ({"camera": {"kind": "replay", "seed": float("nan")}}, "seed"),
        ({"frames_per_s": 5}, "goes with trigger camera"),
        ({"trigger": "camera", "frames_per_s": 5, "mode": "guard"}, "has no mode guard"),
        ({"trigger": "camera", "frames_per_s": 5, "recipes": RECIPES}, "has no recipes"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        config(**change)


def test_a_camera_that_is_not_installed_here_is_kept_as_it_was_written() -> None:
    options = {"address": "10.0.0.7", "gain": 1.50, "window": {"top": [1, 2]}, "off": None}
    camera = {"kind": "somebody's", **options}
    sent = Release.of("tiles", config(camera=camera, trigger="camera"))
    heard = Release.model_validate_json(sent.model_dump_json())
    assert heard == sent
    assert heard.config.camera.options == options
    assert heard.model_dump(mode="json")["config"]["camera"] == camera
    other = config(camera=camera | {"gain": 1.6}, trigger="camera")
    assert Release.of("tiles", other).release_id != sent.release_id


def test_a_station_without_a_scale_measures_in_pixels() -> None:
    unscaled, scaled = config(), config(scale_mm_per_px=0.5)
    assert (unscaled.area_unit, unscaled.length_unit, unscaled.unit_per_px) == ("px2", "px", 1.0)
    assert (scaled.area_unit, scaled.length_unit, scaled.unit_per_px) == ("mm2", "mm", 0.5)


@pytest.mark.parametrize(
    ("stations", "told"),
    [
        ({"a": CONFIG, "b": CONFIG}, "same plc.unit"),
        ({"stored": CONFIG}, "cannot be called stored"),
        ({"Top Camera": CONFIG}, "pattern"),
        ({}, "at least 1"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(stations: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        LineFile.model_validate({"site": "s", "line": "l", "stations": stations})


def test_two_settings_with_one_port_are_named() -> None:
    line = {"site": "s", "line": "l", "stations": {"a": CONFIG}}
    with pytest.raises(ValidationError, match=r"sockets\.mqtt and sockets\.modbus are both 4840"):
        LineFile.model_validate(line | {"sockets": {"modbus": 4840, "mqtt": 4840}})


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


def test_a_recipe_is_judged_by_its_own_prompts_and_else_as_the_station_is() -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    line = Release.of("tiles", config(recipes=RECIPES, region_of_interest=corners, deadline_ms=99))
    assert line.of_recipe(0) is line
    assert line.of_recipe(3) is None
    rust, dent = line.recipes()
    assert (rust, dent) == (line.of_recipe(2), line.of_recipe(10))
    assert [each.config.prompts[0].words for each in (rust, dent)] == ["rust", "a dent"]
    assert rust.config.region_of_interest == corners
    assert dent.config.region_of_interest == ((0, 0), (1, 0), (1, 1))
    assert {each.config.deadline_ms for each in (rust, dent)} == {99}
    assert len({each.release_id for each in (line, rust, dent)}) == 3


def test_a_release_with_recipes_is_the_same_after_a_wire_and_in_any_order() -> None:
    line = Release.of("tiles", config(recipes=RECIPES))
    assert Release.model_validate_json(line.model_dump_json()) == line
    turned = config(recipes=dict(reversed(RECIPES.items())))
    assert Release.of("tiles", turned).release_id == line.release_id
    rust = line.of_recipe(2)
    assert rust
    assert Release.model_validate_json(rust.model_dump_json()) == rust


@pytest.mark.parametrize(
    "recipe",
    [
        {"prompts": []},
        {"prompts": [{"words": "a", "label": "x"}, {"words": "x"}]},
        {"prompts": [{"words": "a"}], "region_of_interest": [(0, 0), (1, 1)]},
        {"prompts": [{"words": "a"}], "mode": "bypass"},
    ],
)
def test_a_wrong_recipe_is_refused(recipe: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(recipes={2: recipe})
