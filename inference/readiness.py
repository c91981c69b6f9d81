"""Which stations this worker serves: the model is there and warm with their words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import structlog

from contracts.errors import ModelRejected, ModelUnavailable
from contracts.release import Release
from inference.ports import Model, Releases
from runtime.messaging.control import ReadinessReport

log = structlog.get_logger()

LOOK_EVERY_S = 0.25
WARM_UP_TIMEOUT_S = 10.0
WARM_UP_SIDE_PX = 384


class Readiness:
    """Looks at the model now and then, and asks it about a grey picture for each new release.

    The first request with new words encodes them: it must not be a part that pays for it.
    """

    def __init__(
        self,
        model: Model,
        releases: Releases,
        stations: Sequence[str],
        pause: Callable[[float], object],
    ) -> None:
        self._model = model
        self._releases = releases
        self._stations = tuple(stations)
        self._pause = pause
        self._warm: dict[str, str] = {}
        self._picture = grey_picture()
        self._version = ""
        self.standing = ReadinessReport("starting")

    def step(self) -> None:
        """Look once, and wait."""
        self.standing = self._look()
        self._pause(LOOK_EVERY_S)

    def _look(self) -> ReadinessReport:
        if not self._model.is_ready():
            self._warm.clear()
            why = self._revived() or "Triton is not there, or the model is not loaded"
            return ReadinessReport(why, model_version=self._version)
        troubles = {station: self._trouble(station) for station in self._stations}
        not_served = {station: why for station, why in troubles.items() if why}
        return ReadinessReport(stations=not_served, model_version=self._version)

    def _revived(self) -> str:
        """Why the model cannot be brought back from here; nothing where there was no need to."""
        try:
            self._model.revive()
        except ModelUnavailable as error:
            return str(error)
        return ""

    def _trouble(self, station: str) -> str:
        release = self._releases.active(station)
        if release is None:
            return "no release"
        if self._warm.get(station) == release.release_id:
            return ""
        return self._warm_up(release)

    def _warm_up(self, release: Release) -> str:
        try:
            for each in (*release.recipes(), release):
                words = [prompt.words for prompt in each.config.prompts]
                perception = self._model.infer(self._picture, words, WARM_UP_TIMEOUT_S)
        except (ModelRejected, ModelUnavailable) as error:
            return str(error)
        self._version = perception.model_version
        self._warm[release.station] = release.release_id
        log.info("warm", station=release.station, release=release.release_id, model=self._version)
        return ""


def grey_picture() -> bytes:
    """A PNG file of a grey square."""
    pixels = np.full((WARM_UP_SIDE_PX, WARM_UP_SIDE_PX), 127, np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()
