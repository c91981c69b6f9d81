"""Every field of a line file as Markdown: `python -m referee.tables.line_file_table`.

Meanings, bounds and defaults are those of the JSON Schema, examples those of docs/line_file.yaml.
docs/line_file.md holds the output, and a test holds the two together.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from runtime.linefile.schema import Schema, line_schema
from runtime.linefile.yaml_lines import read_yaml

EXAMPLE = Path(__file__).parents[2] / "docs" / "line_file.yaml"
AGAIN = ".NUMBER.prompts, each"
"""Prompts of a product recipe, which have the fields of a station's."""
UNITS = {
    "_mm_per_px": "mm per pixel",
    "_mm_per_s": "mm per second",
    "_per_s": "a second",
    "_ms": "milliseconds",
    "_mm": "mm",
    "_px": "pixels",
    "_mb": "MB",
    "_s": "seconds",
    "_logit": "logit",
    "_area": "mm², px² if the scale is unknown",
    "_length": "mm, px if the scale is unknown",
}
"""Of a field, by how its name ends."""


class Group(NamedTuple):
    """Fields that stand together.

    Attributes:
        path: such as ``stations.NAME.gate``; empty for the file itself.
        schema: of the group.
        examples: the groups of the example file that stand there.
    """

    path: str
    schema: Schema
    examples: list[Any]


def line_file_tables() -> str:
    """Return a heading and a table for each group of fields."""
    schema = line_schema()
    example = read_yaml(EXAMPLE, see="").data
    groups = _groups(Group("", schema, [example]), schema)
    return "\n\n".join(_table(each, schema) for each in groups if not each.path.endswith(AGAIN))


def _groups(group: Group, whole: Schema) -> Iterator[Group]:
    """Yield a group and those inside it; a camera's options are a group for each kind."""
    yield group
    for name, field in _fields(group.schema).items():
        path = f"{group.path}.{name}".lstrip(".")
        inner = [each[name] for each in group.examples if name in each]
        yield from _below(path, _resolved(field, whole), inner, whole)
    for rule in group.schema.get("allOf", ()):
        kind = rule["if"]["properties"]["kind"]["const"]
        own = [each for each in group.examples if each.get("kind") == kind]
        yield Group(f"{group.path}, kind {kind}", _resolved(rule["then"], whole), own)


def _below(path: str, field: Schema, examples: list[Any], whole: Schema) -> Iterator[Group]:
    """Yield the groups that a field holds: itself, the entries of a list, or those with a name."""
    entries = [each for listed in examples if isinstance(listed, list) for each in listed]
    named = [each for group in examples if isinstance(group, dict) for each in group.values()]
    held = [
        (path, field, examples),
        (f"{path}, each", field.get("items"), entries),
        (f"{path}.NAME", field.get("additionalProperties"), named),
        *((f"{path}.NUMBER", each, named) for each in field.get("patternProperties", {}).values()),
    ]
    for inner_path, schema, found in held:
        inner = _resolved(schema, whole) if isinstance(schema, dict) else {}
        if "properties" in inner:
            yield from _groups(Group(inner_path, inner, found), whole)


def _fields(schema: Schema) -> Schema:
    """Return the fields that the page shows: one way to write each thing."""
    every = schema.get("properties", {}).items()
    return {
        name: field
        for name, field in every
        if "deprecated" not in field and "const" not in field and name != "fieldbuses"
    }


def _resolved(field: Schema, whole: Schema) -> Schema:
    """Return what a field refers to, without the null that leaves it out."""
    own = {key: field[key] for key in ("description", "default") if key in field}
    if "$ref" in field:
        return _resolved(whole["definitions"][field["$ref"].rpartition("/")[2]], whole) | own
    kept = [each for each in field.get("anyOf", ()) if each != {"type": "null"}]
    return _resolved(kept[0], whole) | own if len(kept) == 1 else field


def _table(group: Group, whole: Schema) -> str:
    required = group.schema.get("required", [])
    columns = "| field | meaning | unit | allowed | default | example |\n|---|---|---|---|---|---|"
    rows = [
        _row(name, _resolved(field, whole), name in required, group.examples)
        for name, field in _fields(group.schema).items()
    ]
    heading = f"### `{group.path}`" if group.path else "### The file"
    return "\n".join([heading, "", columns, *rows])


def _row(name: str, field: Schema, required: bool, examples: list[Any]) -> str:
    default = field.get("default")
    shown = "must be given" if required else "" if default is None else f"`{json.dumps(default)}`"
    cells = [
        f"`{name}`",
        field.get("description", "").replace("|", "\\|"),
        _unit(name),
        _allowed(field),
        shown,
        _example(name, examples),
    ]
    return f"| {' | '.join(cells)} |"


def _unit(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if f"_{name}".endswith(end)), "")


def _allowed(field: Schema) -> str:
    found = [field, *field.get("anyOf", ())]
    bounds = {key: each[key] for each in reversed(found) for key in each}
    if "enum" in bounds:
        return ", ".join(f"`{each}`" for each in bounds["enum"])
    least = bounds.get("minimum", bounds.get("minItems"))
    most = bounds.get("maximum", bounds.get("maxItems"))
    told = [f"above {bounds['exclusiveMinimum']:g}"] if "exclusiveMinimum" in bounds else []
    told += [f"from {least}"] if least is not None else []
    told += [f"to {most}"] if most is not None else []
    told += [f"or `{bounds['const']}`"] if "const" in bounds else []
    return " ".join(told)


def _example(name: str, examples: list[Any]) -> str:
    given = next((each[name] for each in examples if name in each), None)
    first = given[0] if isinstance(given, list) and given else given
    if isinstance(first, dict):
        return "see below"
    return "" if given is None else f"`{json.dumps(given)}`"


if __name__ == "__main__":
    sys.stdout.write(line_file_tables() + "\n")
