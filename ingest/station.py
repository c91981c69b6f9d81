"""One station: its parts come with triggers, or from the camera alone, as its release says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from contracts.causes import TriggerSource
from contracts.errors import TransientError
from contracts.messages import SequenceRange
from contracts.process_state import Status, Trouble
from ingest.frame_parts import FrameParts
from ingest.ports import Releases
from ingest.station_camera import StationCamera
from ingest.triggered_parts import TriggeredParts

log = structlog.get_logger()


class IngestStation:
    """Serves one part after the other, as the release in force says."""

    def __init__(
        self,
        name: str,
        *,
        releases: Releases,
        camera: StationCamera,
        triggered: TriggeredParts,
        alone: FrameParts,
        keep_streams: Callable[[], None],
        let_streams_go: Callable[[], None],
    ) -> None:
        """``keep_streams`` is called before the first part, ``let_streams_go`` when the line has no
        such station any more. Both may raise Unavailable."""
        self._name = name
        self._releases = releases
        self._camera = camera
        self._triggered = triggered
        self._alone = alone
        self._keep_streams = keep_streams
        self._let_streams_go = let_streams_go
        self._has_streams = False

    def step(self) -> None:
        """Serve what comes next. Raises Unavailable, ServerFull, CameraFailed."""
        if not self._has_streams:
            self._keep_streams()
            self._has_streams = True
        release = self._releases.active(self._name)
        if release is not None and release.config.trigger is TriggerSource.CAMERA:
            self._alone.step(release)
        else:
            self._alone.rest()
            self._triggered.step()

    def trouble(self) -> Trouble | None:
        """Return why the station is not ready; None if it is."""
        if self._releases.active(self._name) is None:
            return Trouble(code="no_release")
        why = self._camera.trouble()
        return Trouble(code="no_camera", detail=why) if why else None

    def close(self) -> None:
        """Release the camera."""
        self._camera.close()

    def leave(self) -> None:
        """Let the streams go, after those who still read them."""
        try:
            self._let_streams_go()
        except TransientError as error:  # they are bounded, and gone when Redis starts anew
            log.warning("streams_stay", station=self._name, reason=str(error))


class HasTrouble(Protocol):
    """One station."""

    def trouble(self) -> Trouble | None:
        """Return why the station is not ready; None if it is."""
        ...


class Numbered(Protocol):
    """The numbers of one station's parts."""

    def reached(self) -> tuple[SequenceRange, ...]:
        """Return how far they are in each epoch; empty if others number the parts."""
        ...


def status_of(stations: Mapping[str, HasTrouble], numbers: Mapping[str, Numbered]) -> Status:
    """Return the status: a station in trouble is not served, and the others are."""
    troubles = {name: station.trouble() for name, station in stations.items()}
    reached = {name: each.reached() for name, each in numbers.items()}
    return Status(
        troubles={name: trouble for name, trouble in troubles.items() if trouble},
        sequences={name: ranges for name, ranges in reached.items() if ranges},
    )
