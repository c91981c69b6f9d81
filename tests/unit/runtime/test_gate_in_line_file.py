"""The gate in a line file: what cannot be is named by line and field, with what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from contracts.errors import BadYaml
from contracts.gate_timing import GateTiming
from runtime.linefile.line_file import load_line_file

ROOT = Path(__file__).resolve().parents[3]
TIMED = """\
site: plant-1
line: tiles
stations:
  top:
    camera: {kind: simulated}
    prompts:
      - words: any scratch on the surface
    deadline_ms: 600
    gate:
      distance_from_trigger_mm: 600
      greatest_belt_speed_mm_per_s: 750
      actuator_ms: 40
      plc_scan_ms: 10
      plc_poll_ms: 20.5
      margin_ms: 50
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "line.yaml"
        path.write_text(text)
        return path

    return write


def test_a_given_deadline_stands_and_one_that_is_not_given_is_the_latest(
    write: Callable[[str], Path],
) -> None:
    assert load_line_file(write(TIMED)).stations["top"].deadline_ms == 600
    [release] = load_line_file(write(TIMED.replace("    deadline_ms: 600\n", ""))).releases()
    assert release.config.deadline_ms == 649
    assert "gate" not in release.model_dump_json()


@pytest.mark.parametrize(
    ("right", "wrong", "line", "field", "says"),
    [
        ("ms: 600", "ms: 650", 8, "deadline_ms", "at most 649, or leave it out"),
        ("mm: 600", "mm: 90", 9, "gate", "-31 ms are left for a verdict, 10 are the least"),
        ("mm: 600", "mm: 90", 9, "gate", "put the gate at least 121 mm behind the trigger"),
        ("gate:", "gat:", 9, "gat", "no such field; did you mean gate?"),
        (
            "  margin_ms: 50",
            "  margin_ms: 50\n      x: 1",
            16,
            "gate.x",
            "known here: actuator_ms,",
        ),
        ("      margin_ms: 50\n", "", 9, "gate.margin_ms", "is missing; add it"),
        ("scan_ms: 10", "scan_ms: -1", 13, "gate.plc_scan_ms", "must be 0 or more, not -1"),
        ("s: 750", "s: 0", 11, "gate.greatest_belt_speed_mm_per_s", "0.1 or more, not 0"),
        ("s: 750", "s: .inf", 11, "gate.greatest_belt_speed_mm_per_s", "not a finite number"),
        ("mm: 600", "mm: 0", 10, "gate.distance_from_trigger_mm", "greater than 0, not 0"),
    ],
)
@pytest.mark.parametrize("given", [True, False])
def test_what_is_wrong_is_named(
    write: Callable[[str], Path],
    right: str,
    wrong: str,
    line: int,
    field: str,
    says: str,
    given: bool,
) -> None:
    text = TIMED.replace(right, wrong, 1)
    assert text != TIMED
    if not given and field != "deadline_ms":
        text, line = text.replace("    deadline_ms: 600\n", ""), line - 1
    path = write(text)
    with pytest.raises(BadYaml) as caught:
        load_line_file(path)
    told = str(caught.value)
    assert told.startswith(f"{path}:{line}:{caught.value.column}: stations.top.{field}: ")
    assert says in told
    assert "\n" not in told
    assert "more after it" not in told


def test_a_deadline_that_could_not_be_computed_is_no_mistake_of_its_own(
    write: Callable[[str], Path],
) -> None:
    text = TIMED.replace("    deadline_ms: 600\n", "").replace("kind: simulated", "kind: none")
    with pytest.raises(BadYaml, match=r"line.yaml:5:14: stations.top.camera.kind: ") as caught:
        load_line_file(write(text))
    assert "more after it" not in str(caught.value)


def test_the_documents_example_is_computed_as_the_code_does() -> None:
    section = (ROOT / "docs" / "plc.md").read_text().split("\n## Deadline\n")[1].split("\n## ")[0]
    example = yaml.safe_load(section.split("```yaml\n")[1].split("```")[0])
    gate = GateTiming.model_validate(example["gate"])
    assert f"= {gate.deadline_ms} ms" in section
    assert f"{gate.deadline_ms - gate.acknowledging_ms} ms" in section
    bars = re.findall(r":(?:\w+, )?(\d+), (\d+)ms$", section, re.MULTILINE)
    spans = [(int(start), int(start) + int(length)) for start, length in bars]
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert (spans[0][0], spans[-1][1]) == (0, gate.travel_ms)
