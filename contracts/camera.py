"""What a camera is: its settings, how it is opened, what it gives. Add your own camera here.

A release carries a ``CameraConfig``: the camera's name and its options as they were written, with
``${NAME}`` where a value stays in the environment (see ``contracts.variables``). Only
a process that checks a line file or takes pictures needs the camera's own code: a subclass of
``CameraSettings``, registered by name as an entry point:

    [project.entry-points."referee.cameras"]
    my_camera = "my_package.camera:MyCamera"
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, NamedTuple, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from contracts.errors import UserError
from contracts.identity import Clock, Config, Stamp
from contracts.plain_words import reason_of
from contracts.plugins import plugin
from contracts.variables import filled

GROUP = "referee.cameras"


class CameraConfig(BaseModel):
    """Which camera takes a station's pictures: its name, and its options as they were written."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    kind: Annotated[str, Field(min_length=1, max_length=60, title="Name of the camera")]

    @property
    def options(self) -> dict[str, JsonValue]:
        """All but ``kind``."""
        return dict(self.__pydantic_extra__)

    @model_validator(mode="after")
    def _options_are_finite(self) -> Self:
        json.dumps(self.options, allow_nan=False)  # raises ValueError
        return self


class Shot(NamedTuple):
    """One picture as the camera gave it.

    Attributes:
        image: an encoded picture (PNG or JPEG). The camera does not check that it can be decoded.
        captured_at: when the picture was taken; for a live camera, when its read returned.
        source: where it came from: ``replay:<file>``, ``simulated:<seed, index, kind>``,
            ``opencv:<device>#<frame>``.
        lost_before: number of frames that the camera gave after the frame returned before this
            one, and that were overwritten before anybody asked for them.
    """

    image: bytes
    captured_at: Stamp
    source: str
    lost_before: int = 0


class Camera(Protocol):
    """An open camera."""

    def capture(self) -> Shot:
        """Take a picture of the part that is in front of the camera now.

        Raises:
            CameraFailed: no picture could be taken, or none in time.
        """
        ...

    def next_frame(self, wait_s: float) -> Shot | None:
        """Return the next frame in order, or None if none comes within ``wait_s`` seconds.

        The first call returns the first frame that arrives after it. A camera that does not set
        its own pace takes a picture instead. Raises CameraFailed.
        """
        ...

    def trouble(self) -> str:
        """Return why no picture could be taken right now; empty if one could."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...


class CameraContext(NamedTuple):
    """What a camera gets from the process that opens it.

    Attributes:
        clock: stamps the pictures.
        patience_s: longest wait of a live camera for a picture after a trigger.
        may_be_quiet: each frame is a part and no pace is set, as with a light barrier that fires
            the camera: a long time without a frame is not a failure.
        images: folder of ``--images DIR``, which a camera that shows files prefers to its own.
    """

    clock: Clock
    patience_s: float
    may_be_quiet: bool = False
    images: Path | None = None


class CameraSettings(Config):
    """Base of a camera's settings: its fields are the options that a line file may give it."""

    @property
    def sets_pace(self) -> bool:
        """Whether frames come by themselves, so that ``frames_per_s`` may be left out."""
        return False

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the options that now hold the path of a file or a folder.

        A line file may give it relative to its own folder; a release carries it whole.
        """
        return ()

    def check_files(self, images: Path | None) -> None:
        """Raise CameraFailed if what the camera shows is not on this machine. Opens nothing.

        ``images`` is the folder of ``--images DIR``.
        """

    @abstractmethod
    def open(self, context: CameraContext) -> Camera:
        """Open the camera. Raises CameraFailed if that is not possible now; it is tried again."""


def camera_class(kind: str) -> type[CameraSettings]:
    """Return the settings class that is registered as ``kind``. Raises UserError."""
    found = plugin(GROUP, kind)
    if not (isinstance(found, type) and issubclass(found, CameraSettings)):
        raise UserError(f"camera {kind!r} is registered as {found!r}, not as a CameraSettings")
    return found


def camera_settings(
    config: CameraConfig, variables: Mapping[str, str] = MappingProxyType({})
) -> CameraSettings:
    """Return the options of a camera, with variables filled in, checked by its settings class.

    Raises:
        UserError: names the camera that is not installed, the variable that is not set, or the
            option that is wrong and why.
    """
    try:
        return parse_options(camera_class(config.kind), filled(config.options, variables))
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, ("camera", *problem["loc"])))
        raise UserError(f"{field}: {reason_of(problem)}") from error


def parse_options(settings: type[CameraSettings], options: object) -> CameraSettings:
    """Check options as strict JSON: "5" is not a number, a list is a tuple. ValidationError."""
    return settings.model_validate_json(json.dumps(options), strict=True)
