"""YAML 1.2 (https://yaml.org/spec/1.2.2/, chapter 10.3, the core schema) on PyYAML's parser.

PyYAML reads values as YAML 1.1 does: ``010`` is 8, ``10:00`` is 600, ``yes`` is true. Here a value
means what editors and the JSON Schema say that it means, and one that old YAML would take for a
different number, for a date, or for true or false is refused.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import yaml
from yaml.composer import Composer, ComposerError
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver, Resolver
from yaml.scanner import Scanner

DEEPEST = 40
"""Most groups and lists inside one another. A line file has 8."""
MOST_DIGITS = 300

_TAG = "tag:yaml.org,2002:"
TEXT, INT, FLOAT, BOOL, NULL = (f"{_TAG}{kind}" for kind in ("str", "int", "float", "bool", "null"))
LIST, MAPPING = f"{_TAG}seq", f"{_TAG}map"
_BASES = {"0o": 8, "0x": 16}
_ZERO_FIRST = re.compile(r"[-+]?0[0-9]+")


class NotClear(Exception):
    """A value that people and programs read in different ways: ``reason`` and what to write."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


class CoreLoader(Reader, Scanner, Parser, Composer, BaseResolver):
    """Composes nodes whose tags are those of YAML 1.2."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEEPEST:
            mark = self.peek_event().start_mark
            raise ComposerError(None, None, "too deep", mark)
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self._depth -= 1
        return node

    def compose_scalar_node(self, anchor: str | None) -> yaml.ScalarNode:  # type: ignore[override]
        has_tag = self.peek_event().tag is not None
        node: yaml.ScalarNode = super().compose_scalar_node(anchor)  # type: ignore[arg-type]
        if has_tag and node.style is None:
            node.style = "'"  # a tag says what the value is, as quotes do
        return node


class _Writer(yaml.SafeDumper):
    """Puts text in quotes that YAML 1.1 or YAML 1.2 would take for something else."""


for _tag, _pattern, _first in (
    (BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (INT, r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        FLOAT,
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
        r"|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    (NULL, r"null|Null|NULL|~|", ["n", "N", "~", ""]),
):
    for _kind in (CoreLoader, _Writer):
        _kind.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})\\Z"), list(_first))


def written(data: object) -> str:
    """Return plain data as YAML that ``read_yaml`` reads as the same data."""
    return yaml.dump(data, Dumper=_Writer)


def scalar_of(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """Return what a single value is. Raises NotClear."""
    text, tag = node.value, node.tag
    if tag != TEXT and _ZERO_FIRST.fullmatch(text):
        raise _zero_first(text)
    if tag == TEXT and node.style is None:
        _refuse_what_old_yaml_takes_for_something_else(text)
    return _converted(text, tag)


def key_of(node: yaml.ScalarNode) -> str:
    """Return a key: a name as it is written, a whole number in decimal digits. Raises NotClear."""
    if node.tag == TEXT:
        return node.value
    value = scalar_of(node)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    shown = node.value or "nothing"
    raise NotClear(f"{shown} is not a name", "put it in quotes to make it one")


def _converted(text: str, tag: str) -> str | int | float | bool | None:
    if tag == TEXT:
        return text
    if tag == BOOL and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if tag == NULL and text.lower() in ("", "~", "null"):
        return None
    if tag in (INT, FLOAT) and (number := _number(text, tag)) is not None:
        return number
    name = tag.replace(_TAG, "!!")
    raise NotClear(f"the tag {name} does not fit here", "remove it, and put text in quotes")


def _number(text: str, tag: str) -> int | float | None:
    if len(text) > MOST_DIGITS:
        raise NotClear("the number has too many digits", f"at most {MOST_DIGITS}")
    try:
        number = _whole(text) if tag == INT else float(_for_python(text))
    except ValueError:  # an explicit tag on what is not a number
        return None
    if not math.isfinite(number):
        raise NotClear("is not a finite number", "write a number")
    return number


def _whole(text: str) -> int:
    base = _BASES.get(text[:2])
    return int(text[2:], base) if base else int(text)


def _for_python(text: str) -> str:
    return text.replace(".", "", 1) if text.lower().lstrip("+-") in (".inf", ".nan") else text


class _Old(NamedTuple):
    """What YAML 1.1 makes of a text: ``kind`` such as ``bool``, and how to write that today."""

    kind: str
    today: str


def _refuse_what_old_yaml_takes_for_something_else(text: str) -> None:
    old = _read_by_old_yaml(text)
    quoted = f"'{text}' in quotes if it is text"
    if old.kind == "timestamp":
        raise NotClear(f"some programs read {text} as a date", f"write {quoted}")
    if old.kind in ("bool", "int", "float"):
        raise NotClear(
            f"some programs read {text} as {old.today}, others as text",
            f"write {old.today}, or {quoted}",
        )


def _read_by_old_yaml(text: str) -> _Old:
    if len(text) > MOST_DIGITS:
        return _Old("str", text)
    tag = Resolver().resolve(yaml.ScalarNode, text, (True, False))
    kind = tag.removeprefix(_TAG)
    if kind not in ("bool", "int", "float"):
        return _Old(kind, text)
    node = yaml.ScalarNode(tag, text)
    try:
        value = yaml.constructor.SafeConstructor().construct_object(node)
    except ValueError:  # such as 0b_
        return _Old("str", text)
    return _Old(kind, str(value).lower())


def _zero_first(text: str) -> NotClear:
    sign, digits = ("-" if text[0] == "-" else ""), text.lstrip("+-")
    short = sign + (digits.lstrip("0") or "0")
    return NotClear(
        f"{text} begins with a zero, which makes another number of it in some programs",
        f"write {short}, or '{text}' in quotes if it is text",
    )
