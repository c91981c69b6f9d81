"""Line files: what is right is read, what is wrong is named by file, line, field and remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import contracts.line
import contracts.release
import contracts.rules
from contracts.causes import Mode
from contracts.errors import BadYaml
from runtime.linefile.line_file import load_line_file
from tests.cameras import write_flash_camera
from tests.plugins import installed

GOOD = """\
site: plant-1
line: tiles
stations:
  top:
    camera:
      kind: simulated
      seed: 7
    prompts:
      - words: any scratch on the surface
        label: scratch
        smallest_area: 2.5
      - words: a dent
    scale_mm_per_px: 0.05
    region_of_interest: [[0, 0], [1, 0], [1, 1]]
    deadline_ms: 800
    mode: guard
sockets:
  dashboard: 8600
soft_plc:
  parts_per_s: 5
archive:
  largest_mb: 64
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    path = tmp_path / "line.yaml"

    def write(text: str) -> Path:
        path.write_text(text)
        return path

    return write


def test_a_good_file_is_read(write: Callable[[str], Path]) -> None:
    line = load_line_file(write(GOOD))
    station = line.stations["top"]
    assert (line.site, line.sockets.dashboard, station.mode) == ("plant-1", 8600, Mode.GUARD)
    assert station.prompts[0].filters["smallest_area"].root == 2.5
    assert station.region_of_interest == ((0, 0), (1, 0), (1, 1))


RECIPES = """\
    recipes:
      2:
        prompts:
          - words: rust
      10:
        prompts:
          - words: a dent
        region_of_interest: [[0, 0], [1, 0], [0, 1]]
"""


def test_recipes_have_numbers(write: Callable[[str], Path]) -> None:
    text = GOOD.replace("sockets:", RECIPES + "sockets:")
    station = load_line_file(write(text)).stations["top"]
    assert station.recipes[2].prompts[0].words == "rust"
    assert station.recipes[10].region_of_interest == ((0, 0), (1, 0), (0, 1))


@pytest.mark.parametrize(
    ("right", "wrong", "line", "field", "says"),
    [
        ("      2:", "      10:", 21, "stations.top.recipes.10", "appears twice, first on line 18"),
        ("      2:", "      '10':", 21, "stations.top.recipes.10", "appears twice"),
        ("      2:", "      010:", 18, "stations.top.recipes", "write 10"),
        ("      2:", "      '010':", 18, "stations.top.recipes.010", "in digits, such as 7"),
        ("      2:", "      '+10':", 18, "stations.top.recipes.+10", "in digits, such as 7"),
        ("      2:", "      '١٠':", 18, "stations.top.recipes.١٠", "in digits, such as 7"),
        ("- words: rust", "- words: ' '", 20, "stations.top.recipes.2.prompts.0.words", "blank"),
        ("[0, 1]]", "[0, 0]]", 24, "stations.top.recipes.10.region_of_interest", "is flat"),
        ("      2:", "      two:", 18, "stations.top.recipes.two", "such as 7"),
        ("      2:", "      0:", 18, "stations.top.recipes.0", "from 1 to 65535"),
        ("      2:", "      2:\n        roi: x", 19, "stations.top.recipes.2.roi", "no such field"),
        ("[0, 1]]", "[0, 7]]", 24, "stations.top.recipes.10.region_of_interest", "between 0"),
    ],
)
def test_what_is_wrong_with_a_recipe_is_named(
    write: Callable[[str], Path], right: str, wrong: str, line: int, field: str, says: str
) -> None:
    assert right in RECIPES
    text = GOOD.replace("sockets:", RECIPES.replace(right, wrong) + "sockets:")
    with pytest.raises(BadYaml) as caught:
        load_line_file(write(text))
    assert (caught.value.line, caught.value.field) == (line, field)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("right", "wrong", "line", "field", "says"),
    [
        ("deadline_ms", "deadlin_ms", 15, "stations.top.deadlin_ms", "mean deadline_ms?"),
        ("      seed: 7", "      sed: 7", 7, "stations.top.camera.sed", "mean seed?"),
        (
            "smallest_area",
            "smalest_area",
            11,
            "stations.top.prompts.0.smalest_area",
            "smallest_area?",
        ),
        ("area: 2.5", "area: big", 11, "stations.top.prompts.0.smallest_area", "not 'big'"),
        ("label:", "lable:", 10, "stations.top.prompts.0.lable", "mean label?"),
        ("sockets", "socket", 17, "socket", "mean sockets?"),
        ("dashboard: 8600", "zzz: 1", 18, "sockets.zzz", "known here: dashboard,"),
        ("mode: guard", "mode: gard", 16, "stations.top.mode", "'observe', 'guard' or 'bypass'"),
        ("deadline_ms: 800", "deadline_ms: soon", 15, "stations.top.deadline_ms", "'soon'"),
        ("deadline_ms: 800", "deadline_ms: '800'", 15, "stations.top.deadline_ms", "'800'"),
        ("deadline_ms: 800", "deadline_ms: yes", 15, "stations.top.deadline_ms", "write true"),
        ("deadline_ms: 800", "deadline_ms: 5", 15, "stations.top.deadline_ms", "10 or more"),
        ("words: a dent", "words: no", 12, "stations.top.prompts.1.words", "in quotes"),
        ("words: a dent", "words: 2024-01-01", 12, "stations.top.prompts.1.words", "in quotes"),
        ("words: a dent", "label: dent", 12, "stations.top.prompts.1.words", "is missing"),
        ("kind: simulated", "kind: simulatd", 6, "stations.top.camera.kind", "replay, simulated"),
        ("kind: simulated", "kid: simulated", 5, "stations.top.camera.kind", "is missing"),
        (
            "      seed: 7",
            "      seed: '7'",
            7,
            "stations.top.camera.seed",
            "not '7'",
        ),
        ("[1, 1]]", "[1, .nan]]", 14, "stations.top.region_of_interest.2.1", "not a finite number"),
        ("[1, 1]]", "[1, 3]]", 14, "stations.top.region_of_interest", "between 0 and 1"),
        (", [1, 1]]", "]", 14, "stations.top.region_of_interest", "at least 3 corners"),
        ("    mode: guard", "    deadline_ms: 900", 16, "stations.top.deadline_ms", "line 15"),
        ("words: a dent", "words: ' '", 12, "stations.top.prompts.1.words", "is blank"),
        ("words: a dent", 'words: "\\u200b"', 12, "stations.top.prompts.1.words", "is blank"),
        ("label: scratch", "label: ''", 10, "stations.top.prompts.0.label", "is blank"),
        ("deadline_ms: 800", "deadline_ms: 10:00", 15, "stations.top.deadline_ms", "write 600"),
        ("mode: guard", "plc_unit: 010", 16, "stations.top.plc_unit", "write 10"),
        ("[1, 1]]", "[0, 1], [1, 1]]", 14, "stations.top.region_of_interest", "cross or touch"),
        ("[1, 1]]", "[0.5, 0]]", 14, "stations.top.region_of_interest", "is flat"),
        ("[1, 1]]", "[96, 64]]", 14, "stations.top.region_of_interest", "divide pixels by"),
        (
            "scale_mm_per_px: 0.05",
            "scale_mm_per_px: x",
            13,
            "stations.top.scale_mm_per_px",
            "must be a number or 'unknown', not 'x'",
        ),
        ("  top:", "  Top:", 4, "stations.Top", "such as tile-top_2"),
        ("site: plant-1\n", "", 1, "site", "is missing"),
        ("line: tiles", "line: [tiles", 3, "", "is not YAML"),
        ("a dent", "*x", 12, "", "no &x comes before it"),
    ],
)
def test_what_is_wrong_is_named(
    write: Callable[[str], Path], right: str, wrong: str, line: int, field: str, says: str
) -> None:
    assert right in GOOD
    path = write(GOOD.replace(right, wrong, 1))
    with pytest.raises(BadYaml) as caught:
        load_line_file(path)
    error = caught.value
    assert (error.path, error.line, error.field) == (str(path), line, field)
    assert says in str(error)
    assert str(error).startswith(f"{path}:{line}:{error.column}: {field}")


FLASH = """\
    camera:
      kind: flash
      text: hello
      free_running: true
    trigger: camera
"""
CAMERA = "    camera:\n      kind: simulated\n      seed: 7\n"


@pytest.fixture
def flash(tmp_path: Path) -> Iterator[str]:
    write_flash_camera(tmp_path)
    with installed(tmp_path):
        yield GOOD.replace(CAMERA, FLASH).replace("mode: guard", "mode: observe")


def test_a_camera_from_outside_is_read_with_its_options(
    write: Callable[[str], Path], flash: str
) -> None:
    camera = load_line_file(write(flash)).stations["top"].camera
    assert (camera.kind, camera.options) == ("flash", {"text": "hello", "free_running": True})


@pytest.mark.parametrize(
    ("right", "wrong", "line", "field", "says"),
    [
        ("g: true", "g: true\n      gan: 1", 9, "stations.top.camera.gan", "mean gain?"),
        ("text: hello", "text: 7", 7, "stations.top.camera.text", "in quotes"),
        ("      text: hello\n", "", 5, "stations.top.camera.text", "is missing"),
        ("g: true", "g: true\n      gain: 0", 9, "stations.top.camera.gain", "not 0"),
        ("g: true", "g: false", 4, "stations.top", "flash needs frames_per_s"),
    ],
)
def test_what_is_wrong_with_it_is_named_as_for_ours(
    write: Callable[[str], Path],
    flash: str,
    right: str,
    wrong: str,
    line: int,
    field: str,
    says: str,
) -> None:
    assert right in flash
    with pytest.raises(BadYaml) as caught:
        load_line_file(write(flash.replace(right, wrong)))
    assert (caught.value.line, caught.value.field) == (line, field)
    assert says in str(caught.value)


@pytest.mark.parametrize("source", ["0", "rtsp://camera/belt"])
def test_a_live_camera_needs_no_frames_per_s(write: Callable[[str], Path], source: str) -> None:
    alone = f"    camera: {{kind: opencv, source: '{source}'}}\n    trigger: camera\n"
    text = GOOD.replace(CAMERA, alone).replace("mode: guard", "mode: observe")
    assert load_line_file(write(text)).stations["top"].frames_per_s is None
    with pytest.raises(BadYaml, match="opencv needs frames_per_s"):
        load_line_file(write(text.replace(f"'{source}'", "belt.avi")))


def test_all_that_is_wrong_is_counted(write: Callable[[str], Path]) -> None:
    text = GOOD.replace("label", "lable").replace("800", "-1").replace("8600", "x")
    with pytest.raises(
        BadYaml,
        match=r"lable: no such field, and no such rule is installed \(and 2 more after it\)",
    ):
        load_line_file(write(text))


def test_files_that_are_none(write: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(BadYaml, match="No such file"):
        load_line_file(tmp_path / "nowhere.yaml")
    with pytest.raises(BadYaml, match="is empty"):
        load_line_file(write("# nothing\n"))
    with pytest.raises(BadYaml, match="contains itself"):
        load_line_file(write("a: &a [*a]"))
    with pytest.raises(BadYaml, match="values"):
        load_line_file(write("a: &a [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]\n" + bomb()))
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadYaml, match="UTF-8"):
        load_line_file(tmp_path / "binary.yaml")
    with pytest.raises(BadYaml):
        load_line_file(tmp_path)
    for text in ("- 1", "3", "hello", "[]: 1", "? {a: 1}\n: 2", "a: !!python/name:os.system x"):
        with pytest.raises(BadYaml):
            load_line_file(write(text))


def bomb() -> str:
    names = "abcdefg"
    return "\n".join(
        f"{new}: &{new} [{', '.join(f'*{old}' for _ in range(20))}]" for old, new in pairwise(names)
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_typo_in_any_key_is_found_on_its_line(
    write: Callable[[str], Path], data: st.DataObject
) -> None:
    rows = GOOD.splitlines()
    row = data.draw(st.sampled_from([i for i, text in enumerate(rows) if ":" in text]))
    key = rows[row].split(":")[0].removeprefix("      - ").strip()
    assume(key != "top")  # a station's name is free
    at = data.draw(st.integers(0, len(key) - 1))
    typo = key[:at] + data.draw(st.sampled_from("qxz_")) + key[at + 1 :]
    assume(typo != key)
    rows[row] = rows[row].replace(key, typo, 1)
    with pytest.raises(BadYaml) as caught:
        load_line_file(write("\n".join(rows)))
    # A required field that is misspelt is missing first, at the head of its mapping.
    named = {typo, key, "camera"}
    assert caught.value.field.split(".")[-1] in named
    assert caught.value.line is not None
    assert caught.value.line <= row + 1


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    key=st.sampled_from(["site", "stations", "sockets", "soft_plc", "archive", "zzz"]),
)
def test_nothing_but_a_bad_line_file_comes_of_any_yaml(
    write: Callable[[str], Path], value: object, key: str
) -> None:
    document = yaml.safe_load(GOOD)
    document[key] = value
    told = error_of(write(yaml.safe_dump(document, allow_unicode=True)))
    assert told is None or is_plain(told, str(document)), told


PLACES = [text for text in re.split(r"(?<=[:\s\[\],])", GOOD) if text.strip()]
ODD = "- |: |[|]|{|}|'|\"|&a |*a|<<: |!!int |010|10:00|yes|~|null|${X}|-1|1e9|1.5|true|\t|\n|#|x"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_line_file_with_anything_in_any_place_is_read_or_refused_in_plain_words(
    write: Callable[[str], Path], data: st.DataObject
) -> None:
    text = GOOD
    for _ in range(data.draw(st.integers(1, 3))):
        old = data.draw(st.sampled_from(PLACES))
        new = data.draw(st.sampled_from(ODD.split("|")) | st.text(max_size=4))
        text = text.replace(old, new, 1)
    path = write("")
    path.write_text(text, encoding="utf-8")
    told = error_of(path)
    assert told is None or is_plain(told, text), told


def error_of(path: Path) -> str | None:
    try:
        load_line_file(path)
    except BadYaml as error:
        return str(error)
    return None


def is_plain(told: str, text: str) -> bool:
    """Whether an error has line and column, and neither the name of a class nor a pattern."""
    said = [word for word in JARGON.findall(told) if word not in text]
    return bool(re.match(r"\S+line\.yaml:\d+:\d+: ", told)) and not said


CLASSES = [
    name
    for module in (contracts.line, contracts.release, contracts.rules)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and name not in ("Path", "Station", "Prompt", "Rule", "Zone", "Any")
]
JARGON = re.compile(
    rf"\b(?:{'|'.join(CLASSES)})\b|\^\[|\]\*|\$$|<[a-z ]+>|Input|instance of|\bNone\b|_type\b"
)


@pytest.mark.parametrize("rule", ["smallest_area", "largest_length", "zone"])
def test_a_rule_without_a_value_is_refused(write: Callable[[str], Path], rule: str) -> None:
    text = GOOD.replace("      - words: a dent\n", f"      - words: a dent\n        {rule}:\n")
    with pytest.raises(BadYaml, match=rf":13:9: stations\.top\.prompts\.1\.{rule}: has no value"):
        load_line_file(write(text))


def test_a_rule_without_a_value_in_a_recipe_is_refused(write: Callable[[str], Path]) -> None:
    recipes = RECIPES.replace("rust\n", "rust\n            largest_count:\n", 1)
    with pytest.raises(BadYaml, match=r"recipes\.2\.prompts\.0\.largest_count: has no value"):
        load_line_file(write(GOOD.replace("sockets:", recipes + "sockets:")))


def test_a_crossed_zone_is_refused(write: Callable[[str], Path]) -> None:
    zone = "        zone: [[0, 0], [1, 1], [1, 0], [0, 1]]\n"
    text = GOOD.replace("      - words: a dent\n", "      - words: a dent\n" + zone)
    with pytest.raises(BadYaml, match=r":13:9: stations\.top\.prompts\.1\.zone: .* cross or touch"):
        load_line_file(write(text))


def test_stations_may_share_what_they_have_in_common(write: Callable[[str], Path]) -> None:
    side = "  side:\n    <<: *top\n    plc_unit: 2\n    mode: observe\n"
    text = GOOD.replace("  top:", "  top: &top").replace("sockets:", side + "sockets:")
    top, side_station = load_line_file(write(text)).stations.values()
    assert side_station.prompts == top.prompts
    assert (top.mode, side_station.mode) == (Mode.GUARD, Mode.OBSERVE)
    with pytest.raises(BadYaml, match=r":13:5: stations\.top\.scale: no such field \(and 1 more"):
        load_line_file(write(text.replace("scale_mm_per_px", "scale")))


def test_a_port_given_in_two_ways_is_refused(write: Callable[[str], Path]) -> None:
    twice = "sockets:\n  modbus: 5020\n  fieldbuses: {modbus: 5021}\n"
    with pytest.raises(BadYaml, match=r":17:1: sockets: modbus has its port twice"):
        load_line_file(write(GOOD.replace("sockets:\n", twice)))
