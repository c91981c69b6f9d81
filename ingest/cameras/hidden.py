"""A camera whose options hold values that nobody may read: they stay out of all that it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from contracts.camera import Camera, Shot
from contracts.errors import CameraFailed


@contextmanager
def failures_hidden(hide: Callable[[str], str]) -> Iterator[None]:
    """Hide values in the text of a CameraFailed, and leave out what it was raised from."""
    try:
        yield
    except CameraFailed as error:
        raise CameraFailed(hide(str(error))) from None


class HiddenCamera:
    """Asks another camera, and hides values in its sources, its troubles and its failures."""

    def __init__(self, camera: Camera, hide: Callable[[str], str]) -> None:
        """``hide`` comes from ``contracts.variables.hiding``."""
        self._camera = camera
        self._hide = hide

    def capture(self) -> Shot:
        """Return the camera's picture. Raises CameraFailed."""
        with failures_hidden(self._hide):
            return self._hidden(self._camera.capture())

    def next_frame(self, wait_s: float) -> Shot | None:
        """Return the camera's next frame, or None. Raises CameraFailed."""
        with failures_hidden(self._hide):
            shot = self._camera.next_frame(wait_s)
            return shot and self._hidden(shot)

    def trouble(self) -> str:
        """Return why no picture could be taken right now; empty if one could."""
        return self._hide(self._camera.trouble())

    def close(self) -> None:
        """Release the device."""
        self._camera.close()

    def _hidden(self, shot: Shot) -> Shot:
        return shot._replace(source=self._hide(shot.source))
