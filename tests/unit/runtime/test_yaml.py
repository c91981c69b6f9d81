"""YAML 1.2: what a value is, and what is refused because YAML 1.1 reads it in another way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contracts.errors import BadYaml
from runtime.linefile.yaml_core import DEEPEST, written
from runtime.linefile.yaml_lines import MOST_VALUES, read_yaml

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "a.yaml"
        path.write_text(text)
        return path

    return write


def read(path: Path) -> Any:
    return read_yaml(path, see="nothing").data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("-7", -7),
        ("+7", 7),
        ("0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("2.", 2.0),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("~", None),
        ("", None),
        ("null", None),
        ("y", "y"),
        ("a yes", "a yes"),
        ("'yes'", "yes"),
        ('"010"', "010"),
        ("!!str 010", "010"),
        ("!!int 7", 7),
        ("10:60", "10:60"),
        ("= 5", "= 5"),
    ],
)
def test_a_value_is_what_yaml_1_2_says(write: Write, text: str, value: object) -> None:
    found = read(write(f"a: {text}\n"))["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("010", "write 10, or '010' in quotes"),
        ("-010", "write -10, or"),
        ("089", "write 89, or"),
        ("00", "write 0, or"),
        (
            "10:00",
            "some programs read 10:00 as 600, others as text; write 600, or '10:00' in quotes",
        ),
        ("1:30:00.5", "write 5400.5, or"),
        ("1_000", "write 1000, or"),
        ("1234567_0", "write 12345670, or"),
        ("0b101", "write 5, or"),
        ("yes", "write true, or 'yes' in quotes"),
        ("No", "write false, or"),
        ("on", "write true, or"),
        ("OFF", "write false, or"),
        ("2026-01-31", "as a date; write '2026-01-31' in quotes"),
        ("2026-99-99", "as a date"),
        (".inf", "not a finite number"),
        ("1e999", "not a finite number"),
        ("9" * 400, "too many digits"),
        ("!!int x", "the tag !!int does not fit"),
        ("!!binary aGk=", "the tag !!binary does not fit"),
        ("!!set {a, b}", "a tag with ! is not known"),
        ("!mine [a]", "a tag with ! is not known"),
    ],
)
def test_what_some_programs_read_in_another_way_is_refused(
    write: Write, text: str, says: str
) -> None:
    path = write(f"b: 1\na: {text}\n")
    with pytest.raises(BadYaml) as caught:
        read(path)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{path}:2:4: a: ")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("{7: 1, 8: 2}", ["7", "8"]),
        ("{0x10: 1, yes: 2, '010': 3}", ["16", "yes", "010"]),
    ],
)
def test_a_key_is_a_name(write: Write, text: str, keys: list[str]) -> None:
    assert list(read(write(text))) == keys


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "a: appears twice, first on line 1; keep one of them"),
        ("{7: 1, '7': 2}", 1, 8, "7: appears twice"),
        ("{7: 1, +7: 2}", 1, 8, "7: appears twice"),
        ("{7: 1, 0x7: 2}", 1, 8, "7: appears twice"),
        ("{7: 1, 07: 2}", 1, 8, "07 begins with a zero"),
        ("{true: 1}", 1, 2, "true is not a name; put it in quotes"),
        ("{1.5: 1}", 1, 2, "1.5 is not a name"),
        ("{~: 1}", 1, 2, "~ is not a name"),
        ("? [a]\n: 1\n", 1, 3, "a key must be a name"),
        ("a: {<<: {b: 1}, <<: {c: 1}}", 1, 17, "<<: appears twice"),
        ("a: 1\n<<: b\n", 2, 5, "<<: takes over the fields of a group; write <<: *NAME"),
        ("a: &a {<<: *a}", 1, 4, "contains itself"),
        ("a: &a\n  b: {<<: *a}", 1, 4, "contains itself"),
        ("a: &a [*a]", 1, 4, "contains itself"),
    ],
)
def test_keys_that_cannot_be_used(
    write: Write, text: str, line: int, column: int, says: str
) -> None:
    with pytest.raises(BadYaml) as caught:
        read(write(text))
    assert (caught.value.line, caught.value.column) == (line, column)
    assert says in str(caught.value)


def test_a_merge_takes_over_what_a_group_does_not_say_itself(write: Write) -> None:
    text = """\
first: &first {a: 1, b: 1}
second: &second {b: 2, c: 2}
both: {<<: [*first, *second], a: 9}
one:
  c: 3
  <<: *second
  d: {<<: *first}
chain: &chain {<<: *first, b: 4}
end: {<<: *chain}
text: {'<<': 5}
"""
    data = read(write(text))
    assert data["both"] == {"a": 9, "b": 1, "c": 2}
    assert data["one"] == {"b": 2, "c": 3, "d": {"a": 1, "b": 1}}
    assert data["end"] == {"a": 1, "b": 4}
    assert data["text"] == {"<<": 5}


def test_a_merged_value_is_placed_where_it_is_written(write: Write) -> None:
    document = read_yaml(write("a: &a\n  b: 1\nc:\n  <<: *a\n"), see="")
    assert document.place(("c", "b"))[:2] == (2, 3)


def test_aliases_cannot_make_few_bytes_many_values_or_deep_ones(write: Write) -> None:
    rows = ["a: &a {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1}"]
    names = "abcdefgh"
    for old, new in pairwise(names):
        rows.append(f"{new}: &{new} [{', '.join([f'*{old}'] * 20)}]")
    with pytest.raises(BadYaml, match=f"more than {MOST_VALUES} values"):
        read(write("\n".join(rows)))
    merges = [
        f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 20)}]}}" for old, new in pairwise(names)
    ]
    with pytest.raises(BadYaml, match=f"more than {MOST_VALUES} values"):
        read(write("\n".join([rows[0], *merges])))
    deep = [f"{new}: &{new} {'[' * 9}*{old}{']' * 9}" for old, new in pairwise(names)]
    with pytest.raises(BadYaml, match="nested too deeply"):
        read(write("\n".join([rows[0], *deep])))


@pytest.mark.parametrize("opens", ["[", "{a: ", "- ", "? "])
def test_what_is_nested_too_deeply_is_refused(write: Write, opens: str) -> None:
    with pytest.raises(BadYaml, match=r"a.yaml:1:\d+: is not YAML: .* nested too deeply"):
        read(write(opens * (DEEPEST + 5)))
    with pytest.raises(BadYaml, match="nested too deeply"):
        read(write(opens * 50_000))


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: 1\n\tb: 2", 2, 1, "a tab is not allowed here; indent with spaces"),
        ("a: b: c", 1, 5, "a ':' is not allowed here"),
        ("a:\n    b: 1\n  c: 2", 3, 3, "does not fit those above it"),
        ("a: 1\nb\nc: 2", 3, 1, "a ':' is missing"),
        ("a: [1, 2\nb: 3", 2, 2, "write , or ]"),
        ("a: {b: 1\nc: [", 2, 2, "write , or }"),
        ("a: *b", 1, 4, "*b is used, and no &b comes before it"),
        ("a: 'b", 1, 6, "quotes are opened and not closed"),
        ('a: "\\q"', 1, 6, "\\q means nothing in double quotes"),
        ("a: 1\n---\nb: 2", 2, 1, "a second document"),
        ("a: @b", 1, 4, "text cannot begin with @; put it in quotes"),
        ("a: `b`", 1, 4, "text cannot begin with `"),
        ("a: %b", 1, 4, "text cannot begin with %"),
        ("a: !<tag b", 1, 9, "text that begins with ! needs quotes"),
        ("%YAML 2.0\n---\na: 1", 1, 1, "%YAML must say 1.2"),
        ("a: |x\n  b", 1, 5, "after | or >"),
        ("a: \x07", 1, 4, "the character U+0007 is not allowed; remove it"),
        ("a: b\u2028c", 1, 5, "the invisible character U+2028; remove it"),
        ("# nothing", 1, 1, "is empty"),
        ("", 1, 1, "is empty"),
    ],
)
def test_what_is_not_yaml_is_said_in_plain_words(
    write: Write, text: str, line: int, column: int, says: str
) -> None:
    with pytest.raises(BadYaml) as caught:
        read(write(text))
    assert says in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(BadYaml, match=r"a.yaml:2:4: is not UTF-8 text; save the file as UTF-8"):
        read(path)
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read(path) == {"a": 1, "b": 2}
    with pytest.raises(BadYaml, match="larger than"):
        read(Path("/dev/zero"))


@contextmanager
def is_placed_and_plain(text: str) -> Iterator[None]:
    """Check the error that the block raises, if it does."""
    try:
        yield
    except BadYaml as error:
        placed = (error.line or 0) >= 1 and (error.column or 0) >= 1
        if not placed or JARGON.search(str(error).replace(text, "")):
            pytest.fail(str(error))
        raise


SIGNS = st.sampled_from("-:?|>{}[]'\"#,!@&*~%\n\t\\\x00\x0b\x85\u2028\ufeff")
ODD = SIGNS | st.sampled_from(
    [
        *("010", "yes", "10:00", "2026-01-01", "1e5", "&a", "*a", "<<:", "!!set", "${A}", "a"),
        *("- ", ": ", "? ", "b: 1", "\n  ", "---", "...", "%YAML 1.1\n"),
    ]
)
ANY_TEXT = st.lists(ODD | st.text(max_size=3), max_size=14).map("".join)
JARGON = re.compile(r"BlockEnd|<\w+>|\bToken|\bNode|\^\[|Traceback|tag:yaml|Error\b")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=ANY_TEXT)
@example("a: &a {b: &b [*a, *b]}")
@example("<<: {<<: {<<: 1}}")
def test_any_text_is_data_or_an_error_with_line_and_column(write: Write, text: str) -> None:
    path = write("")
    path.write_text(text, encoding="utf-8", newline="")
    with suppress(BadYaml), is_placed_and_plain(text):
        read(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=8) | ODD | st.from_regex(r"\A[-+0-9.:_exob]{1,6}\Z"))
@example("1e3")
@example("0o7")
def test_text_that_is_written_is_read_as_the_same_text(write: Write, text: str) -> None:
    assert read(write(written({"a": text, "b": [text]}))) == {"a": text, "b": [text]}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.from_regex(r"\A[-+0-9.:_eExob]{1,7}\Z"))
def test_what_is_read_is_never_another_number_than_old_yaml_reads(write: Write, text: str) -> None:
    try:
        new = read(write(f"a: {text}\n"))["a"]
    except BadYaml:
        return
    old = yaml.safe_load(f"a: {text}\n")["a"]
    assert new == old or isinstance(old, str), (new, old)
