"""Checks the cameras of a line file by the settings class of each: contracts know none of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.camera import camera_class, parse_options
from contracts.causes import TriggerSource
from contracts.errors import UserError
from runtime.linefile.checked_yaml import known_fields
from runtime.linefile.yaml_lines import Steps


def camera_problems(data: Any) -> Iterator[ErrorDetails]:
    """Yield what is wrong with the cameras in a line file's data, which may be anything.

    A station whose camera is not a mapping with a ``kind`` is left out: the line file's own schema
    refuses it.
    """
    for name, station in _mapping(_mapping(data).get("stations")).items():
        if isinstance(_mapping(_mapping(station).get("camera")).get("kind"), str):
            yield from _problems_of(station, ("stations", name))


def known_options(data: Any, steps: Steps) -> list[str] | None:
    """Return the names of the options at a place below a camera; None if it is not below one."""
    if len(steps) < 3 or (steps[0], steps[2]) != ("stations", "camera"):
        return None
    kind = data["stations"][steps[1]]["camera"]["kind"]
    return known_fields(camera_class(kind), steps[3:])


def _problems_of(station: dict[str, Any], where: Steps) -> Iterator[ErrorDetails]:
    options = dict(station["camera"])
    kind = options.pop("kind")
    try:
        settings = parse_options(camera_class(kind), options)
    except UserError as error:
        yield _problem(str(error), (*where, "camera", "kind"), kind)
    except ValidationError as error:
        for problem in error.errors():
            yield {**problem, "loc": (*where, "camera", *problem["loc"])}
    else:
        alone = station.get("trigger") == TriggerSource.CAMERA
        if alone and station.get("frames_per_s") is None and not settings.sets_pace:
            yield _problem(f"camera {kind} needs frames_per_s: it sets no pace", where, station)


def _problem(message: str, where: Steps, given: object) -> ErrorDetails:
    return {"type": "value_error", "msg": message, "loc": where, "input": given}


def _mapping(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}
