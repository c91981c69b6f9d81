"""A simulated camera: renders metal plates, some with a defect, by seed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from contracts.camera import CameraContext, CameraSettings, Shot
from runtime.process.clock import Clock
from simulation.plates.folder import png_of
from simulation.plates.render import render
from simulation.truth import simulated_source


class SimulatedCamera(CameraSettings):
    """Rendered parts whose truth is known."""

    seed: Annotated[int, Field(title="Seed of the parts")] = 0
    defect_share: Annotated[float, Field(ge=0, le=1, title="Share of parts with a defect")] = 0.2
    width_px: Annotated[int, Field(ge=64, le=4096, title="Width of the pictures")] = 384
    height_px: Annotated[int, Field(ge=64, le=4096, title="Height of the pictures")] = 384

    def open(self, context: CameraContext) -> SimulatedPlates:
        """Begin with part 0."""
        return SimulatedPlates(
            seed=self.seed,
            defect_share=self.defect_share,
            size_px=(self.width_px, self.height_px),
            clock=context.clock,
        )


class SimulatedPlates:
    """Renders a new part at each capture, as PNG."""

    def __init__(
        self, *, seed: int, defect_share: float, size_px: tuple[int, int], clock: Clock
    ) -> None:
        """``size_px`` is width, height; ``defect_share`` is 0 to 1."""
        self._seed = seed
        self._defect_share = defect_share
        self._size_px = size_px
        self._clock = clock
        self._index = 0

    def capture(self) -> Shot:
        """Render the next part. Its source carries seed, index and kind."""
        captured_at = self._clock.now()  # the shutter: rendering is not part of the delay
        part = render(self._seed, self._index, *self._size_px, self._defect_share)
        source = simulated_source(self._seed, self._index, part.kind)
        self._index += 1
        return Shot(png_of(part.image), captured_at, source)

    def next_frame(self, wait_s: float) -> Shot:
        """Return what ``capture`` returns: a renderer sets no pace."""
        return self.capture()

    def trouble(self) -> str:
        """Return nothing: rendering does not fail."""
        return ""

    def close(self) -> None:
        """Do nothing: no device is open."""
