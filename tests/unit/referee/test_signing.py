"""A release is put in force by somebody, and a bypass for a reason."""

from __future__ import annotations

import os

import pytest

from contracts.errors import UserError
from contracts.release import Release, StationConfig
from referee.line.signing import signed, this_user


def of(station: str, mode: str) -> Release:
    config = {"camera": {"kind": "replay"}, "prompts": [{"words": "any defect"}], "mode": mode}
    return Release.of(station, StationConfig.model_validate(config))


def test_each_release_says_who_and_why() -> None:
    both = signed([of("top", "guard"), of("side", "bypass")], "anna", "the gate is mended")
    assert [(each.station, each.who, each.why) for each in both] == [
        ("top", "anna", "the gate is mended"),
        ("side", "anna", "the gate is mended"),
    ]


def test_a_bypass_without_a_reason_is_refused_and_named() -> None:
    with pytest.raises(UserError, match=r"station side: .* --why"):
        signed([of("top", "guard"), of("side", "bypass")], "anna", " ")
    assert signed([of("top", "observe")], "anna", "")[0].why == ""


def test_who_nobody_knows_by_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert this_user()
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    assert this_user() == f"uid {2**31 - 7}"
