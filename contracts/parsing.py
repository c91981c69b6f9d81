"""Reads a message where it enters a process. Inside, there are only types."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.errors import MalformedMessage
from contracts.identity import Message

M = TypeVar("M", bound=Message)


def parse(model: type[M], raw: bytes | str, source: str) -> M:
    """Return the message in ``raw``, of this schema version or an older one.

    Raises:
        MalformedMessage: it is not valid; the error names ``source`` and the first reason.
    """
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        reason = _is_newer(model, raw, error) or _first_problem(error)
        raise MalformedMessage(source, reason) from error


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
    unknown = [_path(each) for each in error.errors() if each["type"] == "extra_forbidden"]
    fields = f", with the unknown fields {', '.join(unknown)}" if unknown else ""
    return f"schema_version {version} is newer than this version reads ({readable}){fields}"


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{_path(first) or 'message'}: {first['msg']}"


def _path(problem: ErrorDetails) -> str:
    return ".".join(str(step) for step in problem["loc"])
