"""One station: its parts come with triggers, or from the camera alone, as its release says."""

from __future__ import annotations

from contracts.causes import TriggerSource
from contracts.process_state import Trouble
from ingest.frame_parts import FrameParts
from ingest.ports import Releases
from ingest.station_camera import StationCamera
from ingest.worker import StationWorker


class IngestStation:
    """Goes on with what its release says, from one part to the next."""

    def __init__(
        self,
        name: str,
        *,
        releases: Releases,
        camera: StationCamera,
        triggered: StationWorker,
        alone: FrameParts,
    ) -> None:
        self._name = name
        self._releases = releases
        self._camera = camera
        self._triggered = triggered
        self._alone = alone

    def step(self) -> None:
        """Serve what comes next. Raises Unavailable, ServerFull, CameraFailed."""
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
        """Give the camera back."""
        self._camera.close()
