"""A camera from outside, as somebody's package would add it."""

from __future__ import annotations

from pathlib import Path

from tests.plugins import write_package

SOURCE = """\
from typing import Annotated

from pydantic import Field

from contracts.camera import CameraContext, CameraSettings, Shot


class FlashCamera(CameraSettings):
    text: Annotated[str, Field(min_length=1)]
    gain: Annotated[int, Field(ge=1)] = 1
    free_running: bool = False

    @property
    def sets_pace(self) -> bool:
        return self.free_running

    def open(self, context: CameraContext):
        return OpenFlash(self.text.encode() * self.gain, context)


class OpenFlash:
    def __init__(self, image, context):
        self.image = image
        self.clock = context.clock

    def capture(self):
        return Shot(self.image, self.clock.now(), "flash:1")

    def next_frame(self, wait_s):
        return self.capture()

    def trouble(self):
        return ""

    def close(self):
        pass
"""


def write_flash_camera(folder: Path) -> None:
    """Write a package that registers the camera ``flash``; see ``write_package``."""
    write_package(
        folder, "flash_package", SOURCE, {"referee.cameras": {"flash": "flash_package:FlashCamera"}}
    )
