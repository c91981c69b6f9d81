"""Reads YAML as plain data and keeps the line of each value. Duplicate keys are errors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from contracts.errors import BadYaml

LARGEST_FILE_BYTES = 1024 * 1024
MOST_VALUES = 100_000
PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null")}

Steps = tuple[str | int, ...]


class Place(NamedTuple):
    """A place in a document: its line, counted from 1, and the way to it."""

    line: int
    steps: Steps

    @property
    def dotted(self) -> str:
        """Such as ``stations.tiles.prompts.0.words``."""
        return ".".join(str(step) for step in self.steps)


class YamlLines:
    """A document: ``data`` as dicts, lists and scalars, and the line of each of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data: Any = None
        self.lines: dict[Steps, int] = {}

    def place(self, location: Sequence[str | int]) -> Place:
        """Return where a validator's location is in the file.

        Steps that are not in the document (a union's tag) are left out; a missing field has the
        line of the mapping that it is missing from.
        """
        steps: Steps = ()
        for step in location:
            if (*steps, step) in self.lines:
                steps = (*steps, step)
        named = steps
        if location and location[-1] not in steps and location[-1] != "[key]":
            named = (*steps, location[-1])
        return Place(self.lines.get(steps, 1), named)


def read_yaml(path: Path | str, see: str) -> YamlLines:
    """Return the data and lines of a YAML file. ``see`` names examples for an empty one.

    Raises:
        BadYaml: it cannot be read, is not YAML, repeats a key, or has a value that is not text,
            a number, true, false or null.
    """
    document = YamlLines(Path(path))
    node = _compose(document.path)
    if node is None:
        raise BadYaml(str(path), None, "", "is empty", f"see {see}")
    document.data = _Builder(document).build(node, ())
    return document


def _compose(path: Path) -> yaml.Node | None:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise BadYaml(str(path), None, "", f"is above {LARGEST_FILE_BYTES} bytes")
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise BadYaml(str(path), None, "", error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise BadYaml(str(path), None, "", "is not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadYaml(str(path), line, "", f"is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise BadYaml(str(path), None, "", f"is not YAML: {error}") from error


class _Builder:
    """Turns YAML nodes into data and keeps their lines."""

    def __init__(self, document: YamlLines) -> None:
        self._document = document
        self._scalars = yaml.constructor.SafeConstructor()
        self._open: set[int] = set()

    def build(self, node: yaml.Node, steps: Steps) -> Any:
        self._document.lines.setdefault(steps, node.start_mark.line + 1)  # a key's own line wins
        if len(self._document.lines) > MOST_VALUES:
            raise self._bad(node, steps, f"holds more than {MOST_VALUES} values")
        if id(node) in self._open:
            raise self._bad(node, steps, "contains itself")
        self._open.add(id(node))
        data = self._build(node, steps)
        self._open.remove(id(node))
        return data

    def _build(self, node: yaml.Node, steps: Steps) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {
                key: self.build(value, (*steps, key)) for key, value in self._pairs(node, steps)
            }
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*steps, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, steps)

    def _pairs(self, node: yaml.MappingNode, steps: Steps) -> Iterator[tuple[str, yaml.Node]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                raise self._bad(key_node, steps, "a key must be a name")
            if key in seen:
                reason = f"appears twice, first on line {seen[key]}"
                raise self._bad(key_node, (*steps, key), reason, "keep one of them")
            seen[key] = line
            self._document.lines[(*steps, key)] = line
            yield key, value_node

    def _scalar(self, node: yaml.Node, steps: Steps) -> Any:
        if node.tag not in PLAIN:
            kind = node.tag.rsplit(":", 1)[-1]
            raise self._bad(node, steps, f"is a {kind}", "put it in quotes to make it text")
        value = self._scalars.construct_object(node)
        if isinstance(value, float) and not math.isfinite(value):
            raise self._bad(node, steps, "is not a finite number")
        return value

    def _bad(self, node: yaml.Node, steps: Steps, reason: str, remedy: str = "") -> BadYaml:
        place = Place(node.start_mark.line + 1, steps)
        return BadYaml(str(self._document.path), place.line, place.dotted, reason, remedy)
