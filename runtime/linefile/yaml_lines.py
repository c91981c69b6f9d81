"""Reads YAML 1.2 as plain data and keeps the place of each value. No key may come twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from contracts.errors import BadYaml
from runtime.linefile.yaml_core import (
    DEEPEST,
    LIST,
    MAPPING,
    CoreLoader,
    NotClear,
    key_of,
    scalar_of,
)
from runtime.linefile.yaml_mistakes import mistake_of
from runtime.linefile.yaml_text import read_text

MOST_VALUES = 100_000
MERGE = "<<"

Steps = tuple[str | int, ...]


class Place(NamedTuple):
    """A place in a document: line and column, counted from 1, and the way to it."""

    line: int
    column: int
    steps: Steps

    @property
    def dotted(self) -> str:
        """Such as ``stations.tiles.prompts.0.words``."""
        return ".".join(str(step) for step in self.steps)


class YamlLines:
    """A document: ``data`` as dicts, lists and scalars, and line and column of each of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data: Any = None
        self.places: dict[Steps, tuple[int, int]] = {}

    def place(self, location: Sequence[str | int], missing: bool = False) -> Place:
        """Return where a validator's location is in the file.

        Steps that are not in the document (a union's tag) are left out; a field that is
        ``missing`` has the place of the group that it is missing from.
        """
        steps: Steps = ()
        for step in location:
            if (*steps, step) in self.places:
                steps = (*steps, step)
        named = (*steps, location[-1]) if missing else steps
        return Place(*self.places.get(steps, (1, 1)), named)

    def bad(self, location: Sequence[str | int], reason: str, remedy: str = "") -> BadYaml:
        """Return the error that something is wrong at a validator's location."""
        return self.bad_at(self.place(location), reason, remedy)

    def bad_at(self, place: Place, reason: str, remedy: str = "") -> BadYaml:
        """Return the error that something is wrong at a place."""
        return BadYaml(str(self.path), place.line, place.dotted, reason, remedy, place.column)


def read_yaml(path: Path | str, see: str) -> YamlLines:
    """Return the data and places of a YAML 1.2 file. ``see`` names examples for an empty one.

    Raises:
        BadYaml: it cannot be read, is not YAML, repeats a key, or has a value that is not text,
            a number, true, false or null, or that YAML 1.1 reads differently.
    """
    document = YamlLines(Path(path))
    text = read_text(document.path)
    try:
        node = CoreLoader(text).get_single_node()
    except yaml.YAMLError as error:
        raise mistake_of(document.path, text, error) from error
    if node is None:
        raise BadYaml(str(path), 1, "", "is empty", f"see {see}", 1)
    document.data = _Builder(document).build(node, ())
    return document


class _Builder:
    """Turns YAML nodes into data and keeps their places."""

    def __init__(self, document: YamlLines) -> None:
        self._document = document
        self._open: set[int] = set()
        self._values = 0

    def build(self, node: yaml.Node, steps: Steps) -> Any:
        self._count(node, steps)
        self._document.places.setdefault(steps, _start(node))  # a key's own place wins
        if id(node) in self._open:
            raise self._bad(node, steps, "contains itself")
        self._open.add(id(node))
        data = self._build(node, steps)
        self._open.remove(id(node))
        return data

    def _count(self, node: yaml.Node, steps: Steps) -> None:
        """Aliases make few bytes many values, and a few lines very deep."""
        self._values += 1
        if self._values > MOST_VALUES:
            raise self._bad(node, steps, f"holds more than {MOST_VALUES} values")
        if len(steps) > DEEPEST:
            raise self._bad(node, steps[:4], "is nested too deeply")

    def _build(self, node: yaml.Node, steps: Steps) -> Any:
        if isinstance(node, yaml.ScalarNode):
            try:
                return scalar_of(node)
            except NotClear as error:
                raise self._bad(node, steps, error.reason, error.remedy) from error
        if node.tag not in (LIST, MAPPING, "!"):
            raise self._bad(node, steps, "a tag with ! is not known here", "remove it")
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*steps, i)) for i, item in enumerate(node.value)]
        return {
            key: self._field(key_node, value, (*steps, key))
            for key, (key_node, value) in self._pairs(node, steps).items()
        }

    def _field(self, key: yaml.Node, value: yaml.Node, steps: Steps) -> Any:
        self._document.places[steps] = _start(key)
        return self.build(value, steps)

    def _pairs(self, node: yaml.Node, steps: Steps) -> _Pairs:
        """Return the fields of a group, and those that it merges in and does not have itself."""
        own: _Pairs = {}
        merges: _Pairs = {}
        for key_node, value in node.value:
            merging = _merges(key_node)
            key, found = (MERGE, merges) if merging else (self._key(key_node, steps), own)
            if key in found:
                reason = f"appears twice, first on line {_start(found[key][0])[0]}"
                raise self._bad(key_node, (*steps, key), reason, "keep one of them")
            found[key] = (key_node, value)
        for _, value in merges.values():
            for group in self._groups(value, (*steps, MERGE)):
                own = self._merged(group, steps) | own
        return own

    def _groups(self, node: yaml.Node, steps: Steps) -> list[yaml.Node]:
        """Return what ``<<`` names: a group, or a list of them of which an earlier one wins."""
        groups = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not all(isinstance(each, yaml.MappingNode) for each in groups):
            remedy = "write <<: *NAME, with &NAME in front of the group to take over"
            raise self._bad(node, steps, "takes over the fields of a group", remedy)
        return groups

    def _merged(self, group: yaml.Node, steps: Steps) -> _Pairs:
        self._count(group, steps)
        if id(group) in self._open:
            raise self._bad(group, (*steps, MERGE), "contains itself")
        self._open.add(id(group))
        pairs = self._pairs(group, steps)
        self._open.remove(id(group))
        return pairs

    def _key(self, node: yaml.Node, steps: Steps) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._bad(node, steps, "a key must be a name", "a group or list has none")
        try:
            return key_of(node)
        except NotClear as error:
            raise self._bad(node, steps, error.reason, error.remedy) from error

    def _bad(self, node: yaml.Node, steps: Steps, reason: str, remedy: str = "") -> BadYaml:
        return self._document.bad_at(Place(*_start(node), steps), reason, remedy)


_Pairs = dict[str, tuple[yaml.Node, yaml.Node]]


def _start(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _merges(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == MERGE and key.style is None
