"""Which stations this worker serves: those whose prompts the model has already encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import structlog

from contracts.errors import ModelRejected, ModelUnavailable
from contracts.process_state import Condition, Status, Trouble
from contracts.release import Release
from inference.ports import Model, Releases

log = structlog.get_logger()

LOOK_EVERY_S = 0.25
WARM_UP_TIMEOUT_S = 10.0
WARM_UP_SIDE_PX = 384


class Readiness:
    """Checks the model at intervals, and sends it a grey picture with each new release's prompts.

    The first request with a prompt encodes it, which takes time: no part should wait for that.
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
        self.status = self._unready(Condition(code="starting"))

    def follow(self, stations: Sequence[str]) -> None:
        """Look after these stations from now on. Called by another thread than ``step``."""
        self._stations = tuple(stations)

    def step(self) -> None:
        """Check once, then pause."""
        self.status = self._look()
        self._pause(LOOK_EVERY_S)

    def _look(self) -> Status:
        if not self._model.is_ready():
            self._warm.clear()
            why = self._revived() or "it is not there, or the model is not loaded"
            return self._unready(Condition(code="triton_away", detail=why))
        stations = self._stations
        self._warm = {name: warm for name, warm in self._warm.items() if name in stations}
        troubles = {station: self._trouble(station) for station in stations}
        return Status(
            troubles={station: trouble for station, trouble in troubles.items() if trouble},
            model_version=self._version,
        )

    def _unready(self, condition: Condition) -> Status:
        return Status(
            reason=condition.sentence, conditions=(condition,), model_version=self._version
        )

    def _revived(self) -> str:
        """Ask Triton to load the model again; return why it cannot, or an empty text."""
        try:
            self._model.revive()
        except ModelUnavailable as error:
            return str(error)
        return ""

    def _trouble(self, station: str) -> Trouble | None:
        release = self._releases.active(station)
        if release is None:
            return Trouble(code="no_release")
        if self._warm.get(station) == release.release_id:
            return None
        return self._warm_up(release)

    def _warm_up(self, release: Release) -> Trouble | None:
        try:
            for each in (*release.recipes(), release):
                prompts = [prompt.words for prompt in each.config.prompts]
                perception = self._model.infer(self._picture, prompts, WARM_UP_TIMEOUT_S)
        except ModelRejected as error:
            return Trouble(code="no_model", detail=str(error))
        except ModelUnavailable as error:
            return Trouble(code="model_silent", detail=str(error))
        self._version = perception.model_version
        self._warm[release.station] = release.release_id
        log.info("warm", station=release.station, release=release.release_id, model=self._version)
        return None


def grey_picture() -> bytes:
    """Return a PNG file of a grey square."""
    pixels = np.full((WARM_UP_SIDE_PX, WARM_UP_SIDE_PX), 127, np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()
