"""Which fields a model has at a place in a document, to help who mistyped one."""

from __future__ import annotations

import types
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


def known_fields(model: type[BaseModel], steps: Sequence[str | int]) -> list[str]:
    """Names of the fields that ``model`` knows below ``steps``; of every variant of a union."""
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
    """What may stand at a field of a model, or at any item of a list or mapping."""
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
