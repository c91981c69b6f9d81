"""``${NAME}`` in a camera's options: a value that stays in the environment of who needs it.

A release is retained by the broker, kept in SQL and shown on the dashboard, so a password must not
be in it. It carries ``${NAME}`` as it was written; ingest fills in the value when it opens the
camera, and puts the name back into all that the camera says. ``$${`` is a ``${`` that stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from contracts.errors import UserError

LEAST_HIDDEN = 4
"""Characters of a value that is hidden. To hide "0" would make every text unreadable."""
_USE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{")


def variables_in(value: Any) -> list[str]:
    """Return the names of the variables in all texts of a JSON value.

    Raises:
        UserError: a ``${`` is not followed by a name and ``}``.
    """
    found: list[str] = []
    for text in texts_in(value):
        for use in _USE.finditer(text):
            if use[0] == "${":
                raise UserError(
                    "${ begins a variable: write ${NAME}, with letters, digits and _ in the name; "
                    "$${ is a ${ of your own"
                )
            if use[1] and use[1] not in found:
                found.append(use[1])
    return found


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text of a JSON value; keys are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)


def filled(value: Any, variables: Mapping[str, str]) -> Any:
    """Return a JSON value with the variables in its texts filled in.

    Raises:
        UserError: names the first variable that is not set, or is empty.
    """
    for name in variables_in(value):
        if not variables.get(name):
            state = "is empty" if name in variables else "is not set"
            raise UserError(f"the environment variable {name} {state}")
    return _mapped(value, lambda text: _USE.sub(lambda use: _value_of(use, variables), text))


def hiding(variables: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that puts ``${NAME}`` into a text in place of each value.

    It finds a value as it is, and as URLs and JSON spell it. One of fewer than ``LEAST_HIDDEN``
    characters stays.
    """
    names = {
        spelling: name
        for name, value in variables.items()
        for part in _parts(value)
        for spelling in _spellings(part)
        if len(spelling) >= LEAST_HIDDEN
    }
    if not names:
        return lambda text: text
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return lambda text: pattern.sub(lambda found: f"${{{names[found[0]]}}}", text)


def _parts(value: str) -> Iterator[str]:
    """Yield what must not be seen of a value: of a URL also its password, and all but its user."""
    yield value
    scheme, url, rest = value.partition("://")
    user, _, host = rest.rpartition("@")
    if url:
        yield f"{scheme}://{host}"
        yield user.partition(":")[2]


def _spellings(value: str) -> set[str]:
    plain = {value, unquote(value), quote(value), quote(value, safe=""), quote_plus(value)}
    return plain | {json.dumps(each)[1:-1] for each in plain} | {repr(each)[1:-1] for each in plain}


def _value_of(use: re.Match[str], variables: Mapping[str, str]) -> str:
    return variables[use[1]] if use[1] else "${"


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    return value
