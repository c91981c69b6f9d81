"""Refuses prompts and regions of a line file that would inspect less than they seem to say.

These checks are of what people write. In a message ``null`` is as good as leaving a rule out,
because version 1 wrote every rule; and a release that is in force stays readable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import ErrorDetails

from contracts.polygon import problem_of
from contracts.rules import takes_polygon
from runtime.linefile.yaml_lines import Steps

REGION = "region_of_interest"
TEXTS = ("words", "label")


def prompt_problems(data: Any) -> Iterator[ErrorDetails]:
    """Yield what is wrong with prompts and regions. ``data`` is a line file's, right or wrong."""
    for name, station in _items(_get(data, "stations")):
        yield from _of_prompts(station, ("stations", name))
        for number, recipe in _items(_get(station, "recipes")):
            yield from _of_prompts(recipe, ("stations", name, "recipes", number))


def _of_prompts(holder: Any, where: Steps) -> Iterator[ErrorDetails]:
    yield from _of_region(_get(holder, REGION), (*where, REGION))
    prompts = _get(holder, "prompts")
    for index, prompt in enumerate(prompts if isinstance(prompts, list) else ()):
        for field, value in _items(prompt):
            yield from _of_field(field, value, (*where, "prompts", index, field))


def _of_field(name: str, value: Any, place: Steps) -> Iterator[ErrorDetails]:
    if value is None:
        yield _problem("has no value; give one, or remove the line", place, value)
    elif name in TEXTS and isinstance(value, str) and not _says_something(value):
        yield _problem("is blank; write what to look for", place, value)
    elif takes_polygon(name):
        yield from _of_region(value, place)


def _of_region(corners: Any, place: Steps) -> Iterator[ErrorDetails]:
    if _is_polygon(corners) and (problem := problem_of(corners)):
        yield _problem(problem, place, corners)


def _is_polygon(corners: Any) -> bool:
    """What is not is refused by the schema."""
    return isinstance(corners, list) and all(
        isinstance(corner, list)
        and len(corner) == 2
        and all(type(v) in (int, float) for v in corner)
        for corner in corners
    )


def _says_something(text: str) -> bool:
    """Whether a text has a letter, a digit or another sign that can be seen."""
    return any(not each.isspace() and each.isprintable() for each in text)


def _problem(says: str, place: Steps, value: Any) -> ErrorDetails:
    return {"type": "value_error", "msg": says, "loc": place, "input": value}


def _get(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, dict) else None


def _items(data: Any) -> list[tuple[Any, Any]]:
    return list(data.items()) if isinstance(data, dict) else []
