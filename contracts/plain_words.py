"""What is wrong with a value, in plain words. Pydantic's own speak of classes and patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from contracts.identity import SLUG, SLUG_IN_WORDS

WHOLE_NUMBER = "must be a whole number"
NUMBER = "must be a number"
GROUP = "must be a group of fields (KEY: VALUE)"
LIST = "must be a list"
PATTERNS: Mapping[str, str] = {SLUG: SLUG_IN_WORDS}
"""What a pattern means. One that is not here is said without its text: nobody can read it."""


def _least(context: Mapping[str, Any], of: str) -> str:
    least = context["min_length"]
    if least == 1:
        return "must not be empty"
    return f"needs at least {least} {of}"


def _pattern(context: Mapping[str, Any]) -> str:
    return PATTERNS.get(context["pattern"], "does not have the form that it must have here")


def _expected(context: Mapping[str, Any]) -> str:
    return f"must be {context['expected']}"


_WORDS: Mapping[str, str | Callable[[Mapping[str, Any]], str]] = {
    "missing": "is missing",
    "extra_forbidden": "no such field",
    "string_type": "must be text",
    "string_too_short": lambda context: _least(context, "characters"),
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": _pattern,
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), WHOLE_NUMBER),
    "int_parsing_size": "has too many digits",
    **dict.fromkeys(("float_type", "float_parsing"), NUMBER),
    "finite_number": "must be a finite number",
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "multiple_of": "must be a multiple of {multiple_of}",
    "too_short": lambda context: _least(context, "entries"),
    "too_long": "must have at most {max_length} entries",
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), LIST),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type", "dataclass_type"), GROUP),
    **dict.fromkeys(("literal_error", "enum"), _expected),
    "none_required": "must have no value",
    "json_invalid": "is not JSON: {error}",
    **dict.fromkeys(("url_type", "url_parsing", "url_scheme"), "must be a URL"),
    "path_type": "must be a path",
}


def reason_of(problem: ErrorDetails) -> str:
    """Return why a value was refused, as a clause that follows the name of its field.

    No name of a class and no regular expression is in it.
    """
    context = {name: _short(value) for name, value in problem.get("ctx", {}).items()}
    if "says" in context:  # of an error that was made from another
        return str(context["says"])
    words = _WORDS.get(problem["type"])
    if callable(words):
        return words(context)
    if words is not None:
        return words.format(**context)
    return _of_pydantic(problem["msg"])


def _short(bound: Any) -> Any:
    """A bound as people write it: 5, not 5.0."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def _of_pydantic(message: str) -> str:
    """Of a kind of error that is not listed above, or that a validator of ours raised."""
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = message.replace("Input should be", "must be")
    return re.sub(r" or (?:an )?instance of \w+", "", message)
