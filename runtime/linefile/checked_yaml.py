"""Checks a YAML document against a model, and names the first mistake by line and field."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from contracts.errors import BadYaml
from runtime.linefile.yaml_lines import Steps, YamlLines

M = TypeVar("M", bound=BaseModel)


def check_yaml(
    model: type[M],
    document: YamlLines,
    data: Any,
    problems: Sequence[ErrorDetails] = (),
    known: Callable[[Steps], list[str]] | None = None,
) -> M:
    """Return the document's data as a model.

    Args:
        data: the document's, or what was made of it.
        problems: what is wrong besides, as pydantic says it.
        known: returns the names of the fields at a place, to help with a mistyped one.

    Raises:
        BadYaml: names the first mistake in the file and says how many follow.
    """
    found = list(problems)
    try:
        # Strict JSON: "1000" is not a number and yes is not 1, while lists may be tuples.
        checked = model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        found = [*error.errors(), *found]
    if found:
        raise _first_mistake(found, document, known or partial(known_fields, model))
    return checked


def _first_mistake(
    problems: list[ErrorDetails], document: YamlLines, known: Callable[[Steps], list[str]]
) -> BadYaml:
    placed = sorted(
        ((document.place(problem["loc"]), problem) for problem in _causes(problems)),
        # A mistyped field is also missing under its right name: the mistyped one comes first.
        key=lambda pair: (pair[1]["type"] == "missing", pair[0].line),
    )
    place, problem = placed[0]
    reason, remedy = _explain(problem, place.steps, known)
    more = len(placed) - 1
    if more:
        reason += f" (and {more} more after it)"
    return BadYaml(str(document.path), place.line, place.dotted, reason, remedy)


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


def _explain(
    problem: ErrorDetails, steps: Steps, known: Callable[[Steps], list[str]]
) -> tuple[str, str]:
    kind, message, given = problem["type"], problem["msg"], problem["input"]
    if kind == "extra_forbidden":
        return "no such field", did_you_mean(str(steps[-1]), known(steps[:-1]))
    if kind == "missing":
        return "is missing", "add it"
    if kind == "string_type" and not isinstance(given, dict | list):
        return f"{given!r} is not text", "put it in quotes to make it text"
    if kind in ("value_error", "rule"):
        return message.removeprefix("Value error, "), ""
    if isinstance(given, dict | list):
        return message, ""
    if kind == "enum":
        return f"{given!r} is not known", message.replace("Input should be", "it is")
    return f"{message}, not {given!r}", ""


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return which known name is near, or all of them if none is."""
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(known)}" if known else ""


def known_fields(model: type[BaseModel], steps: Sequence[str | int]) -> list[str]:
    """Return the fields that ``model`` has below ``steps``, of every variant of a union."""
    reached: list[Any] = [model]
    for step in steps:
        reached = [inner for outer in reached for inner in _below(outer, step)]
    models = [found for outer in reached for found in _variants(outer)]
    return sorted({name for found in models for name in _names(found)})


def _names(model: Any) -> Iterable[str]:
    """Return the names of a model's fields; a model that knows more, such as Prompt, says so."""
    if hasattr(model, "known_fields"):
        return model.known_fields()
    return getattr(model, "model_fields", ())


def _below(annotation: Any, step: str | int) -> Iterable[Any]:
    """Yield the types that a model's field, or an item of a list or mapping, may have."""
    for variant in _variants(annotation):
        if get_origin(variant) is dict:
            yield get_args(variant)[1]
        elif get_origin(variant) in (tuple, list):
            yield get_args(variant)[0]
        elif isinstance(step, str) and step in getattr(variant, "model_fields", ()):
            yield variant.model_fields[step].annotation


def _variants(annotation: Any) -> Iterable[Any]:
    if get_origin(annotation) is Annotated:
        yield from _variants(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for argument in get_args(annotation):
            yield from _variants(argument)
    else:
        yield annotation
