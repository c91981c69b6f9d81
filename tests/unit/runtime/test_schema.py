"""The JSON Schema of line files: what `check` accepts it accepts, what it can refuse it refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from contracts.errors import BadYaml
from referee.tables.line_file_table import EXAMPLE, line_file_tables
from runtime.linefile.line_file import load_line_file
from runtime.linefile.schema import line_schema
from runtime.linefile.yaml_lines import read_yaml
from tests.cameras import write_flash_camera
from tests.outside_rules import write_outside_rules
from tests.plugins import installed

ROOT = Path(__file__).resolve().parents[3]
FILES = [EXAMPLE, *sorted((ROOT / "lines").glob("*.yaml"))]
TOP, SIDE, DEMO = (("stations", name) for name in ("top", "side", "demo"))
PROMPT = (*TOP, "prompts", 0)
GONE = object()
WRONG: list[tuple[tuple[str | int, ...], object]] = [
    (("site",), "Plant 1"),
    (("site",), GONE),
    (("zzz",), 1),
    (("stations",), {}),
    (("stations", "Top"), {}),
    ((*TOP, "camera"), GONE),
    ((*TOP, "camera", "kind"), "opencw"),
    ((*TOP, "camera", "kind"), GONE),
    ((*TOP, "camera", "source"), GONE),
    ((*TOP, "camera", "source"), 0),
    ((*TOP, "camera", "sorce"), "0"),
    ((*TOP, "camera", "jpeg_quality"), 101),
    ((*DEMO, "camera", "seed"), "7"),
    ((*SIDE, "camera", "repeat"), "yes"),
    ((*SIDE, "frames_per_s"), 0),
    ((*TOP, "prompts"), []),
    ((*TOP, "prompts"), "any defect"),
    ((*PROMPT, "words"), GONE),
    ((*PROMPT, "words"), "  "),
    ((*PROMPT, "words"), "x" * 401),
    ((*PROMPT, "label"), None),
    ((*PROMPT, "smallest_area"), None),
    ((*PROMPT, "smallest_area"), -1),
    ((*PROMPT, "largest_count"), 1.5),
    ((*PROMPT, "smalest_area"), 1),
    ((*PROMPT, "zone"), [[0, 0], [1, 1]]),
    ((*TOP, "region_of_interest"), [[0, 0], [1, 0], [1, 96]]),
    ((*TOP, "region_of_interest"), [[0, 0], [1, 0], [1, 1, 1]]),
    ((*TOP, "scale_mm_per_px"), "unknwon"),
    ((*TOP, "scale_mm_per_px"), 0),
    ((*TOP, "deadline_ms"), 5),
    ((*TOP, "deadline_ms"), "800"),
    ((*TOP, "mode"), "gard"),
    ((*TOP, "trigger"), "plcs"),
    ((*TOP, "plc", "unit"), 248),
    ((*TOP, "plc", "protocol"), "profinet"),
    ((*TOP, "gate", "margin_ms"), GONE),
    ((*TOP, "recipes"), {"07": {"prompts": [{"words": "a"}]}}),
    ((*TOP, "recipes"), {"0": {"prompts": [{"words": "a"}]}}),
    (("sockets", "dashboard"), 0),
    (("sockets", "profinet"), 5020),
    (("soft_plc", "parts_per_s"), 0),
    (("soft_plc", "belt", "least_speed"), 2),
    (("archive", "largest_mb"), 1),
]


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    schema = line_schema()
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_line_files_that_are_right_are_valid(validator: Draft7Validator, file: Path) -> None:
    load_line_file(file, elsewhere=True)
    data = read_yaml(file, see="").data
    assert [error.message for error in validator.iter_errors(data)] == []


@pytest.mark.parametrize(("place", "value"), WRONG)
def test_what_a_check_refuses_and_a_schema_can_say_is_not_valid(
    validator: Draft7Validator, place: tuple[str | int, ...], value: object, tmp_path: Path
) -> None:
    data = changed(read_yaml(EXAMPLE, see="").data, place, value)
    assert not validator.is_valid(data)
    (tmp_path / "line.yaml").write_text(json.dumps(data))
    with pytest.raises(BadYaml):
        load_line_file(tmp_path / "line.yaml", elsewhere=True)


def changed(data: Any, place: tuple[str | int, ...], value: object) -> Any:
    document = copy.deepcopy(data)
    holder = document
    for step in place[:-1]:
        holder = holder[step]
    if value is GONE:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    return document


def test_cameras_and_rules_from_outside_are_in_it(tmp_path: Path) -> None:
    write_flash_camera(tmp_path)
    write_outside_rules(tmp_path)
    data = read_yaml(EXAMPLE, see="").data
    flash = changed(data, (*TOP, "camera"), {"kind": "flash", "text": "a", "gain": 2})
    assert not Draft7Validator(line_schema()).is_valid(flash)
    with installed(tmp_path):
        validator = Draft7Validator(line_schema())
        assert validator.is_valid(flash)
        assert not validator.is_valid(changed(flash, (*TOP, "camera", "gain"), 0))
        assert "largest_mean_area" in line_schema()["definitions"]["Prompt"]["properties"]


def test_every_part_is_described_in_plain_words(validator: Draft7Validator) -> None:
    silent = [path for path, field in fields(validator.schema, ()) if not said(field)]
    assert silent == []
    assert "``" not in json.dumps(validator.schema)


def fields(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(node, list):
        for each in node:
            yield from fields(each, path)
    elif isinstance(node, dict):
        for name, field in node.get("properties", {}).items():
            yield (*path, name), field
        for name, inner in node.items():
            yield from fields(inner, (*path, name))


def said(field: Any) -> bool:
    """Whether it says what it is; a constant, and a port by its name, do."""
    return "description" in field or "const" in field or field.get("maximum") == 65535


def test_the_page_of_line_files_has_every_field_with_an_example() -> None:
    tables = line_file_tables()
    page = (ROOT / "docs" / "line_file.md").read_text()
    assert tables in page, "run `python -m referee.tables.line_file_table` and paste what it prints"
    assert [
        row for row in tables.splitlines() if row.startswith("| `") and row.endswith("|  |")
    ] == []
