"""Checks the cameras of a line file by the settings class of each: contracts know none of them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.camera import CameraSettings, camera_class, parse_options
from contracts.causes import TriggerSource
from contracts.errors import CameraFailed, UserError
from contracts.variables import filled, hiding, texts_in, variables_in
from runtime.linefile.checked_yaml import known_fields
from runtime.linefile.yaml_lines import Steps

PASSWORD = re.compile(r"://[^/?#\s:]*:(?!\$\{)[^/?#\s@]+@")
"""A URL with a password that stands there as it is."""


class Machine(NamedTuple):
    """What a line file's cameras find where they are checked.

    Attributes:
        folder: of the line file: relative paths begin there.
        variables: the environment.
        images: of ``--images DIR``.
        starts: the line is started now, so that a camera without pictures is an error.
        elsewhere: the line runs on another machine: variables and files are there.
    """

    folder: Path
    variables: Mapping[str, str]
    images: Path | None = None
    starts: bool = False
    elsewhere: bool = False


def checked_cameras(data: Any, machine: Machine) -> tuple[Any, list[ErrorDetails]]:
    """Return a line file's data with whole paths in its cameras, and what is wrong with these.

    ``data`` may be anything: a station whose camera is not a group with a ``kind`` is left out,
    because the line file's own schema refuses it.
    """
    changed = copy.deepcopy(data)
    problems: list[ErrorDetails] = []
    for name, station in _mapping(_mapping(changed).get("stations")).items():
        if isinstance(_mapping(_mapping(station).get("camera")).get("kind"), str):
            problems += _CheckedCamera(station, ("stations", name), machine).problems()
    return changed, problems


def known_options(data: Any, steps: Steps) -> list[str] | None:
    """Return the names of the options at a place below a camera; None if it is not below one."""
    if len(steps) < 3 or (steps[0], steps[2]) != ("stations", "camera"):
        return None
    kind = data["stations"][steps[1]]["camera"]["kind"]
    return known_fields(camera_class(kind), steps[3:])


class _CheckedCamera:
    """One station's camera, as it is written."""

    def __init__(self, station: dict[str, Any], where: Steps, machine: Machine) -> None:
        self._station = station
        self._where = where
        self._machine = machine
        self._camera: dict[str, Any] = station["camera"]

    def problems(self) -> list[ErrorDetails]:
        """Return what is wrong with it, and make its paths whole if nothing is."""
        options = {name: value for name, value in self._camera.items() if name != "kind"}
        if texts := list(self._of_texts(options)):
            return texts
        try:
            self._follow(self._parsed())
        except _Wrong as wrong:
            return [self._problem(str(wrong), *wrong.place)]
        except ValidationError as error:
            return [self._hidden(problem) for problem in error.errors()]
        return []

    def _of_texts(self, options: dict[str, Any]) -> Iterator[ErrorDetails]:
        for name, value in options.items():
            try:
                for text in texts_in([value]):
                    _check_url(text, filled(text, self._variables(value)))
            except UserError as error:
                yield self._problem(str(error), "camera", name)

    def _variables(self, value: Any) -> Mapping[str, str]:
        if self._machine.elsewhere:
            return {name: f"${{{name}}}" for name in variables_in(value)}
        return self._machine.variables

    def _parsed(self) -> CameraSettings:
        options = dict(self._camera)
        kind = options.pop("kind")
        try:
            return parse_options(camera_class(kind), filled(options, self._variables(options)))
        except UserError as error:
            raise _Wrong(str(error), "camera", "kind") from error

    def _follow(self, settings: CameraSettings) -> None:
        unknown = self._machine.elsewhere and variables_in(self._camera)
        alone = self._station.get("trigger") == TriggerSource.CAMERA
        paced = self._station.get("frames_per_s") is not None or settings.sets_pace
        if alone and not unknown and not paced:
            raise _Wrong(f"camera {self._camera['kind']} needs frames_per_s: it sets no pace")
        for option in settings.files:
            self._make_whole(option, str(getattr(settings, option)))
        if not self._machine.elsewhere and (settings.files or self._machine.starts):
            self._check_files(self._parsed())

    def _make_whole(self, option: str, path: str) -> None:
        unknown = self._machine.elsewhere and path.startswith("${")
        if not unknown and not Path(path).is_absolute():
            self._camera[option] = str(self._machine.folder / self._camera[option])

    def _check_files(self, settings: CameraSettings) -> None:
        try:
            settings.check_files(self._machine.images)
        except (CameraFailed, OSError) as error:
            raise _Wrong(self._hide(str(error)), "camera", *settings.files[:1]) from error

    def _hide(self, text: str) -> str:
        used = variables_in(self._camera)
        return hiding({name: self._machine.variables.get(name, "") for name in used})(text)

    def _hidden(self, problem: ErrorDetails) -> ErrorDetails:
        """A problem of a value that may hold a password is said of the value as it is written."""
        place = problem["loc"]
        context = problem.get("ctx", {})
        hidden = {k: self._hide(v) if isinstance(v, str) else v for k, v in context.items()}
        return {
            **problem,
            "msg": self._hide(problem["msg"]),
            "loc": (*self._where, "camera", *place),
            "input": _at(self._camera, place),
            "ctx": hidden,
        }

    def _problem(self, says: str, *place: str) -> ErrorDetails:
        return {
            "type": "value_error",
            "msg": says,
            "loc": (*self._where, *place),
            "input": self._camera,
        }


class _Wrong(Exception):
    """Something that no settings class says, at a place below the station."""

    def __init__(self, says: str, *place: str) -> None:
        super().__init__(says)
        self.place = place


def _check_url(written: str, text: str) -> None:
    """Raises UserError if a text is a URL that holds a password, or that cannot be read."""
    if PASSWORD.search(written):
        raise UserError(
            "a password stands in the URL, and would be in every release, on the broker and in "
            "the database; write ${NAME} in its place and set that environment variable"
        )
    try:
        if "://" in text:
            _ = urlsplit(text).port
    except ValueError:
        raise UserError(
            "this is not a URL that can be read; in a user name or password / is written %2F, "
            "? %3F, # %23, @ %40, : %3A, [ %5B"
        ) from None


def _at(value: Any, place: Steps) -> Any:
    """Return what is at a place; the last group or list on the way if it ends before."""
    for step in place:
        try:
            value = value[step]
        except (LookupError, TypeError):
            break
    return value


def _mapping(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}
