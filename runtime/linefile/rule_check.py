"""Refuses a rule that a line file names without a value: the line would inspect less than it says.

In a message ``null`` is as good as leaving a rule out, because version 1 wrote every rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import ErrorDetails

from runtime.linefile.yaml_lines import Steps


def rule_problems(data: Any) -> Iterator[ErrorDetails]:
    """Yield each field of a prompt that has no value. ``data`` is a line file's, right or wrong."""
    for name, station in _items(_get(data, "stations")):
        yield from _of_prompts(_get(station, "prompts"), ("stations", name, "prompts"))
        for number, recipe in _items(_get(station, "recipes")):
            where = ("stations", name, "recipes", number, "prompts")
            yield from _of_prompts(_get(recipe, "prompts"), where)


def _of_prompts(prompts: Any, where: Steps) -> Iterator[ErrorDetails]:
    for index, prompt in enumerate(prompts if isinstance(prompts, list) else ()):
        for field, value in _items(prompt):
            if value is None:
                says = "has no value; give one, or remove the line"
                place = (*where, index, field)
                yield {"type": "value_error", "msg": says, "loc": place, "input": value}


def _get(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, dict) else None


def _items(data: Any) -> list[tuple[Any, Any]]:
    return list(data.items()) if isinstance(data, dict) else []
