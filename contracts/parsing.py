"""Reads documents where they enter a process, and says what is wrong with them."""

from __future__ import annotations

import json
from typing import NamedTuple, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.errors import MalformedMessage
from contracts.identity import Message
from contracts.plain_words import reason_of

M = TypeVar("M", bound=Message)


class Problem(NamedTuple):
    """What a document has wrong: a dotted field, empty for the whole document, and the reason."""

    field: str
    reason: str


def parse(model: type[M], raw: bytes | str, source: str) -> M:
    """Return the message in ``raw``, of this schema version or an older one.

    Raises:
        MalformedMessage: it is not valid; the error names ``source`` and the first reason.
    """
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        reason = _is_newer(model, raw, error) or first_problem(error)
        raise MalformedMessage(source, reason) from error


def first_problem(error: ValidationError, where: str = "") -> str:
    """Return the first reason as ``where: field: reason``, without what is empty."""
    problem = problems(error)[0]
    return ": ".join(part for part in (where, problem.field, problem.reason) if part)


def problems(error: ValidationError) -> list[Problem]:
    """Return every reason, in the order of the model's fields."""
    return [Problem(_dotted(each), reason_of(each)) for each in error.errors()]


def _is_newer(model: type[Message], raw: bytes | str, error: ValidationError) -> str:
    """Say that a later version of Referee wrote the message; empty if none did."""
    readable = model.model_fields["schema_version"].default
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    version = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or version <= readable:
        return ""
    unknown = [_dotted(each) for each in error.errors() if each["type"] == "extra_forbidden"]
    fields = f", with the unknown fields {', '.join(unknown)}" if unknown else ""
    return f"schema_version {version} is newer than this version reads ({readable}){fields}"


def _dotted(problem: ErrorDetails) -> str:
    return ".".join(str(step) for step in problem["loc"])
