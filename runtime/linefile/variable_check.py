"""Refuses ``${NAME}`` in a line file outside of a camera: only who opens a camera fills it in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import ErrorDetails

from runtime.linefile.yaml_lines import Steps


def variable_problems(data: Any, where: Steps = ()) -> Iterator[ErrorDetails]:
    """Yield each text with a variable. ``data`` is a line file's, right or wrong."""
    if isinstance(data, dict | list):
        for step, value in data.items() if isinstance(data, dict) else enumerate(data):
            if (len(where), where[:1], step) != (2, ("stations",), "camera"):
                yield from variable_problems(value, (*where, step))
    elif isinstance(data, str) and "${" in data:
        says = "a variable can stand in the options of a camera alone; write the value here"
        yield {"type": "value_error", "msg": says, "loc": where, "input": data}
