"""Checks a YAML document against a model, and names the first mistake by line, column and field."""

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
from contracts.plain_words import reason_of
from runtime.linefile.yaml_lines import Place, Steps, YamlLines

M = TypeVar("M", bound=BaseModel)
LONGEST_SHOWN = 60


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
    at: dict[Place, list[ErrorDetails]] = {}
    for problem in _causes(problems):
        place = document.place(problem["loc"], missing=problem["type"] == "missing")
        at.setdefault(place, []).append(problem)
    # A mistyped field is also missing under its right name: the mistyped one comes first.
    place = min(at, key=lambda place: (at[place][0]["type"] == "missing", place.line, place.column))
    reason, remedy = _explain(at[place], place.steps, known)
    more = len(at) - 1
    if more:
        reason += f" (and {more} more after it)"
    return document.bad_at(place, reason, remedy)


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
    problems: Sequence[ErrorDetails], steps: Steps, known: Callable[[Steps], list[str]]
) -> tuple[str, str]:
    """Several problems of one value are those of the types that it could have."""
    kind, given = problems[0]["type"], problems[0]["input"]
    if kind == "extra_forbidden":
        near = did_you_mean(str(steps[-1]), known(steps[:-1]))
        if "prompts" in steps[-3:]:
            return "no such field, and no such rule is installed", near
        return "no such field", near
    if kind == "missing":
        return "is missing", "add it"
    ours = [each for each in problems if each["type"] in ("value_error", "rule")]
    reason = " or ".join(dict.fromkeys(reason_of(each) for each in ours[:1] or problems))
    reason = reason.replace(" or must be ", " or ")
    if ours or isinstance(given, dict | list):
        return reason, ""
    remedy = "put it in quotes to make it text" if kind == "string_type" else ""
    return f"{reason}, not {shown(given)}", "" if given is None else remedy


def shown(value: object) -> str:
    """Return a value as a line file has it, text in quotes, cut if it is long."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


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
