"""What `referee status` prints of a line's health."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.health import Heard, line_health
from contracts.process_state import Condition, ProcessState, Role, Trouble
from referee.commands.status import show
from runtime.process.console import Console

S = 10**9


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def show_them(*conditions: Condition, **fields: Any) -> str:
        show(line_health([Heard(bridge(*conditions, **fields), 0.0)], needed=()), Console())
        return capsys.readouterr().out

    return show_them


def bridge(*conditions: Condition, **fields: Any) -> ProcessState:
    return ProcessState(
        process="bridge",
        role=Role.BRIDGE,
        online=True,
        ready=True,
        stations=("tiles",),
        phases={"tiles": "running"},
        at_utc_ns=100 * S,
        conditions=conditions,
        **fields,
    )


def test_a_line_without_conditions_says_so(printed: Callable[..., str]) -> None:
    said = printed(releases={"tiles": "abc"})
    assert "Nothing is wrong." in said
    for word in ("tiles", "running", "abc", "bridge", "ready"):
        assert word in said


def test_a_condition_is_printed_with_who_since_when_why_and_what_to_do(
    printed: Callable[..., str],
) -> None:
    said = printed(Condition(code="disk_full", detail="the disk of /run", since_utc_ns=88 * S))
    assert "alarm: bridge: The disk is full (for 12 s)" in said
    assert "the disk of /run" in said
    assert "Free space on the disk" in said


def test_a_station_is_named_and_square_brackets_are_printed_as_they_are(
    printed: Callable[..., str],
) -> None:
    said = printed(troubles={"tiles": Trouble(code="no_model", detail="a [red] chip")})
    assert "alarm: tiles: The model refuses the station's prompts" in said
    assert "a [red] chip" in said
