"""A prompt's rules: read by name, in words, and kept as they were written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.camera import CameraConfig
from contracts.release import Prompt, Recipe, Release, StationConfig
from contracts.rules import GROUP, Filter, Limit, rule_class, rule_names
from tests.plugins import installed, write_package

TRIANGLE = [[0, 0], [1, 0], [1, 1]]


def test_every_installed_rule_is_a_filter_or_a_limit() -> None:
    assert {"smallest_area", "largest_length", "least_aspect_ratio", "zone"} <= set(rule_names())
    assert all(issubclass(rule_class(name), Filter | Limit) for name in rule_names())


def test_rules_are_read_by_name() -> None:
    prompt = Prompt(words="x", zone=TRIANGLE, largest_length=5)
    assert list(prompt.filters) == ["zone"]
    assert list(prompt.limits) == ["largest_length"]
    assert list(Prompt(words="x").limits) == ["any"]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({}, "Reject on any finding"),
        ({"smallest_area": 0.0}, "Reject on any finding"),
        ({"smallest_area": 0.5}, "Reject on any finding of at least 0.5 mm²"),
        (
            {"least_aspect_ratio": 3, "zone": TRIANGLE},
            "Reject on any finding at least 3 times as long as wide"
            " and with its centre in the zone",
        ),
        (
            {"largest_count": 2, "largest_total_area": 4},
            "Reject on more than 2 findings or more than 4 mm² in total",
        ),
        ({"largest_count": 1}, "Reject on more than 1 finding"),
        (
            {"smallest_area": 1, "largest_length": 5},
            "Reject on a finding longer than 5 mm, counting only findings of at least 1 mm²",
        ),
    ],
)
def test_rules_are_sentences(rules: dict[str, object], says: str) -> None:
    assert Prompt(words="x", **rules).in_words("mm") == says


@pytest.mark.parametrize(
    ("rules", "place", "says"),
    [
        ({"smallest_are": 1}, "smallest_are", "no rule of this name is installed"),
        ({"smallest_are": None}, "smallest_are", "no rule of this name is installed"),
        ({"smallest_area": "1"}, "smallest_area", "must be a number"),
        ({"smallest_area": -1}, "smallest_area", "0 or more"),
        ({"smallest_area": float("nan")}, "smallest_area", "finite number"),
        ({"largest_count": 1.5}, "largest_count", "whole number"),
        ({"least_aspect_ratio": 0.5}, "least_aspect_ratio", "1 or more"),
        ({"zone": [[0, 0], [1, 1]]}, "zone", "at least 3 corners"),
        ({"zone": [[0, 0], [1, 0], [1, 2]]}, "zone", "between 0 and 1"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_with_its_place(
    rules: dict[str, Any], place: str, says: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Recipe(prompts=[{"words": "x", **rules}])
    found = caught.value.errors()[0]
    assert found["loc"][:3] == ("prompts", 0, place)
    assert says in found["msg"]


def test_a_rule_of_null_is_as_good_as_none() -> None:
    prompt = Prompt(words="x", largest_count=None, smallest_area=None)
    assert (prompt.filters, list(prompt.limits)) == ({}, ["any"])


def test_a_prompt_keeps_its_rules_through_json_and_copies() -> None:
    prompt = Prompt(words="x", zone=TRIANGLE, smallest_area=1, largest_count=None)
    again = Prompt.model_validate_json(prompt.model_dump_json())
    assert again == prompt
    assert again.model_dump(mode="json") == {
        "words": "x",
        "confirmed": False,
        "label": None,
        "zone": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]],
        "smallest_area": 1.0,
        "largest_count": None,
    }
    assert prompt.model_copy(update={"smallest_area": 7}).filters["smallest_area"].root == 7


def test_the_same_rules_written_differently_are_the_same_release() -> None:
    camera = CameraConfig(kind="replay")
    one, other = (
        StationConfig(camera=camera, prompts=(Prompt(words="x", smallest_area=area),))
        for area in (2, 2.0)
    )
    assert Release.of("tiles", one).release_id == Release.of("tiles", other).release_id


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            "class Bad(Rule[float]):\n    def in_words(self, unit): return ''",
            "derive from Filter or",
        ),
        ("class Bad: pass", "derive from Filter or Limit"),
        ("class Bad(Limit[float]):\n    def brokn(self): ...", "no method broken, in_words"),
        ("class Bad(Limit[float])", "cannot be loaded: SyntaxError"),
    ],
)
def test_a_class_that_is_not_a_whole_rule_is_refused(
    tmp_path: Path, source: str, says: str
) -> None:
    module = f"bad_rule_{abs(hash(source))}"
    text = f"from contracts.rules import Limit, Rule\n\n\n{source}\n"
    write_package(tmp_path, module, text, {GROUP: {"bad": f"{module}:Bad"}})
    with installed(tmp_path), pytest.raises(ValidationError, match=says):
        Prompt(words="x", largest_count=1000, bad=0.5)


@pytest.mark.parametrize("words", ["", " ", "\t\n", "\u00a0", "\u200b", "\u2060 \ufeff", "\u0301"])
def test_words_that_nobody_can_see_are_an_error(words: str) -> None:
    with pytest.raises(ValidationError, match=r"blank|at least 1 character"):
        Prompt(words=words)


@pytest.mark.parametrize("words", ["x", "キズ", "🔥", "?"])
def test_words_that_somebody_can_see_are_none_of_the_contracts_business(words: str) -> None:
    assert Prompt(words=words).words == words


def test_a_confirmation_is_part_of_the_release_and_its_absence_is_not() -> None:
    def named(**more: bool) -> str:
        station = StationConfig(
            camera=CameraConfig(kind="replay"), prompts=(Prompt(words="any defect", **more),)
        )
        return Release.of("tiles", station).release_id

    assert named() == named(confirmed=False) != named(confirmed=True)
