"""Packages from outside add cameras, rules and fieldbuses by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import UserError
from contracts.plugins import plugin, plugin_names
from tests.plugins import installed, write_package

GROUP = "referee.tests"


def test_a_package_from_outside_is_found_by_name(tmp_path: Path) -> None:
    write_package(tmp_path, "outside", "THING = 7\n", {GROUP: {"thing": "outside:THING"}})
    with installed(tmp_path):
        assert plugin_names(GROUP) == ("thing",)
        assert plugin(GROUP, "thing") == 7


def test_an_unknown_name_is_refused_with_those_that_are_installed(tmp_path: Path) -> None:
    write_package(tmp_path, "outside_two", "THING = 7\n", {GROUP: {"thing": "outside_two:THING"}})
    with (
        installed(tmp_path),
        pytest.raises(UserError, match="'thin' is none of the installed"),
    ):
        plugin(GROUP, "thin")


def test_what_cannot_be_imported_is_said_by_name(tmp_path: Path) -> None:
    write_package(tmp_path, "outside_three", "", {GROUP: {"thing": "outside_three:MISSING"}})
    with installed(tmp_path), pytest.raises(UserError, match=r"outside_three:MISSING.*cannot be"):
        plugin(GROUP, "thing")


def test_a_name_that_two_packages_register_is_refused(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        write_package(tmp_path / name, name, "THING = 7\n", {GROUP: {"thing": f"{name}:THING"}})
    with (
        installed(tmp_path / "first"),
        installed(tmp_path / "second"),
        pytest.raises(UserError, match=r"registered twice"),
    ):
        plugin(GROUP, "thing")
