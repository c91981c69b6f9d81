"""Line files: YAML that people write, checked field by field, wrong ones named by line."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.errors import BadLineFile
from contracts.fieldbus import without_opcua_section
from contracts.line import LineFile
from runtime.linefile.camera_check import camera_problems, known_options
from runtime.linefile.field_names import known_fields
from runtime.linefile.yaml_lines import Steps, YamlLines, read_yaml

__all__ = ["BadLineFile", "load_line_file"]


def load_line_file(path: Path | str) -> LineFile:
    """The line that a file describes.

    Raises:
        BadLineFile: with file, line, dotted field, what is wrong and what would be right. Where
            several things are wrong it is the first in the file, and says how many follow.
    """
    document = read_yaml(path)
    problems = list(camera_problems(document.data))
    try:
        data = without_opcua_section(document.data)
    except ValueError as error:
        place = document.place(("opcua",))
        raise BadLineFile(str(document.path), place.line, "opcua", str(error)) from error
    try:
        # Strict JSON: "1000" is no number and yes is no 1, while lists may be tuples.
        line = LineFile.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise _first_of([*error.errors(), *problems], document) from error
    if problems:
        raise _first_of(problems, document)
    return line


def _first_of(problems: list[ErrorDetails], document: YamlLines) -> BadLineFile:
    placed = sorted(
        ((document.place(problem["loc"]), problem) for problem in _causes(problems)),
        key=lambda pair: pair[0].line,
    )
    place, problem = placed[0]
    reason, remedy = _explain(problem, place.steps, document.data)
    more = len(placed) - 1
    if more:
        reason += f" (and {more} more after it)"
    return BadLineFile(str(document.path), place.line, place.dotted, reason, remedy)


def _causes(problems: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without those that only follow from another: a list that lost its bad item, a default that
    was not computed."""
    places = [problem["loc"] for problem in problems]
    return [
        problem
        for problem in problems
        if problem["type"] != "default_factory_not_called"
        and not any(
            place != problem["loc"] and place[: len(problem["loc"])] == problem["loc"]
            for place in places
        )
    ]


def _explain(problem: ErrorDetails, steps: Steps, data: object) -> tuple[str, str]:
    kind, message, given = problem["type"], problem["msg"], problem["input"]
    if kind == "extra_forbidden":
        known = known_options(data, steps[:-1]) or known_fields(LineFile, steps[:-1])
        return "no such field", _did_you_mean(str(steps[-1]), known)
    if kind == "missing":
        return "is missing", "add it"
    if kind == "string_type" and not isinstance(given, dict | list):
        return f"{given!r} is not text", "put it in quotes to make it text"
    if kind == "value_error":
        return message.removeprefix("Value error, "), ""
    if isinstance(given, dict | list):
        return message, ""
    if kind == "enum":
        return f"{given!r} is not known", message.replace("Input should be", "it is")
    return f"{message}, not {given!r}", ""


def _did_you_mean(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(known)}" if known else ""
