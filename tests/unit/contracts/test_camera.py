"""A camera's options are kept as they were written and checked by its own settings class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from contracts.camera import CameraConfig, camera_settings
from contracts.errors import UserError
from tests.cameras import write_flash_camera
from tests.plugins import installed, write_package


@pytest.fixture(scope="module", autouse=True)
def flash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("outside")
    write_flash_camera(folder)
    with installed(folder):
        yield


def test_options_are_checked_by_the_camera_itself() -> None:
    settings = camera_settings(CameraConfig(kind="flash", text="a"))
    assert settings.model_dump() == {"text": "a", "gain": 1, "free_running": False}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, r"camera\.text: is missing"),
        ({"text": "a", "gain": 0}, r"camera\.gain: must be 1 or more"),
        ({"text": "a", "gain": "2"}, r"camera\.gain: must be a whole number"),
        ({"text": "a", "gian": 2}, r"camera\.gian: no such field"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says):
        camera_settings(CameraConfig(kind="flash", **options))


def test_a_camera_that_is_not_installed_is_named() -> None:
    with pytest.raises(UserError, match="none of the installed cameras: flash"):
        camera_settings(CameraConfig(kind="flesh"))


def test_what_is_registered_must_be_a_settings_class(tmp_path: Path) -> None:
    write_package(tmp_path, "oddity", "", {"referee.cameras": {"odd": "oddity:__name__"}})
    with installed(tmp_path), pytest.raises(UserError, match="not as a CameraSettings"):
        camera_settings(CameraConfig(kind="odd"))


@pytest.mark.parametrize("option", ["NaN", "[1, -Infinity]"])
def test_an_option_is_a_finite_number(option: str) -> None:
    with pytest.raises(ValidationError, match="not JSON compliant"):
        CameraConfig.model_validate_json('{"kind": "flash", "gain": ' + option + "}")
