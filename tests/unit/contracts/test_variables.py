"""Variables in a camera's options: filled in where they are needed, hidden in what is said."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import UserError
from contracts.variables import LEAST_HIDDEN, filled, hiding, variables_in


def test_variables_of_all_texts_are_found_once() -> None:
    options = {"a": "${ONE}/x", "b": [{"c": "${TWO}${ONE}"}, 5, None], "d": "$ONE $${THREE}"}
    assert variables_in(options) == ["ONE", "TWO"]
    values = {"ONE": "1", "TWO": "2"}
    assert filled(options, values) == {
        "a": "1/x",
        "b": [{"c": "21"}, 5, None],
        "d": "$ONE ${THREE}",
    }


def test_a_value_is_not_read_again() -> None:
    assert filled("${A}", {"A": "${B}", "B": "x"}) == "${B}"


@pytest.mark.parametrize("text", ["${", "a${}", "${1A}", "${A B}", "${A-x}", "${A"])
def test_what_is_no_variable_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(UserError, match=r"write \$\{NAME\}"):
        variables_in(text)


@pytest.mark.parametrize(
    ("variables", "says"), [({}, "variable A is not set"), ({"A": ""}, "variable A is empty")]
)
def test_a_missing_variable_is_named(variables: dict[str, str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        filled({"source": "rtsp://u:${A}@camera"}, variables)


@given(
    secret=st.text(min_size=LEAST_HIDDEN, max_size=12).filter(lambda text: "${A}" not in text),
    around=st.text(max_size=5),
)
def test_a_value_is_hidden_however_it_is_spelt(secret: str, around: str) -> None:
    hide = hiding({"A": secret, "B": "x"})
    spelt = [secret, json.dumps(secret), repr(secret)]
    if secret.isascii():
        spelt.append(quote(secret, safe=""))
    for text in spelt:
        assert "${A}" in hide(f"{around}{text}{around}")


def test_parts_of_a_url_are_hidden_too() -> None:
    hide = hiding({"CAMERA": "rtsp://anna:hush@cam/1?token=t0ken"})
    for text in ("rtsp://anna:hush@cam/1?token=t0ken", "rtsp://cam/1?token=t0ken", "is hush wrong"):
        assert "${CAMERA}" in hide(text)
        assert "hush" not in hide(text)
        assert "t0ken" not in hide(text)


def test_short_values_stay() -> None:
    assert hiding({"A": "0"})("opencv:0#10") == "opencv:0#10"
