"""The table of conditions: every entry says what is wrong and what to do."""

import pytest

from contracts.causes import Cause
from contracts.conditions import CONDITIONS, Severity, kind_of
from contracts.process_state import Condition, Status, Trouble
from plc.core.phases import ErrorCode


@pytest.mark.parametrize("code", sorted(CONDITIONS))
def test_a_condition_has_words_and_a_remedy(code: str) -> None:
    kind = CONDITIONS[code]
    assert Condition(code=code).code == code
    assert kind.words[0].isupper()
    assert not kind.words.endswith(".")
    assert kind.remedy.endswith(".")
    assert "_" not in kind.words + kind.remedy.replace("archive.largest_mb", "")


def test_every_code_of_the_bridges_registers_is_a_condition() -> None:
    codes = {code.name.lower() for code in ErrorCode} - {"none"}
    assert codes <= set(CONDITIONS)
    assert Cause.NO_RELEASE in CONDITIONS


def test_a_code_of_another_version_is_an_alarm_by_its_name() -> None:
    kind = kind_of("belt_torn")
    assert (kind.severity, kind.words) == (Severity.ALARM, "Belt torn")


def test_troubles_and_the_reason_are_conditions_too_and_each_is_named_once() -> None:
    away = Condition(code="triton_away", detail="no answer")
    status = Status(
        troubles={"tiles": Trouble(code="no_camera", detail="unplugged")},
        reason=away.sentence,
        conditions=(away, Condition(code="no_camera", station="tiles", detail="unplugged")),
    )
    assert status.all_conditions() == status.conditions
    other = status.model_copy(update={"reason": "the disk hums", "conditions": ()})
    assert other.all_conditions() == (
        Condition(code="no_camera", station="tiles", detail="unplugged"),
        Condition(code="not_ready", detail="the disk hums"),
    )
