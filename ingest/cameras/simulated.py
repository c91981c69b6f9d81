"""A simulated camera: renders parts of a surface, some with defects, by seed.

``python -m ingest.cameras.simulated --out DIR --count N --seed S`` writes such parts, with their
truth, as a folder in the layout of MVTec AD.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest.cameras.parts import render
from ingest.cameras.parts_folder import png_of, write_folder
from ingest.ports import Shot
from ingest.truth import simulated_source
from runtime.process.clock import Clock


class SimulatedSurface:
    """A new part at each capture, as PNG. It starts with part 0 whenever it is opened."""

    def __init__(
        self, *, seed: int, defect_share: float, size_px: tuple[int, int], clock: Clock
    ) -> None:
        """Set up the line of parts.

        Args:
            seed: of the parts.
            defect_share: share of parts with a defect, 0 to 1.
            size_px: width and height of the pictures.
            clock: stamps the captures.
        """
        self._seed = seed
        self._defect_share = defect_share
        self._size_px = size_px
        self._clock = clock
        self._index = 0

    def capture(self) -> Shot:
        """The next part. Its source carries seed, index and kind."""
        captured_at = self._clock.now()  # the shutter; a slow renderer is no late picture
        part = render(self._seed, self._index, *self._size_px, self._defect_share)
        source = simulated_source(self._seed, self._index, part.kind)
        self._index += 1
        return Shot(png_of(part.image), captured_at, source)

    def next_frame(self, wait_s: float) -> Shot:
        """As ``capture``: no frame comes by itself."""
        return self.capture()

    def trouble(self) -> str:
        """None, ever."""
        return ""

    def close(self) -> None:
        """Nothing is held open."""


def main(arguments: Sequence[str]) -> None:
    """Write the folder that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m ingest.cameras.simulated",
        description="Write simulated parts with their truth, in the layout of MVTec AD.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--count", type=int, required=True, help="number of parts")
    parser.add_argument("--seed", type=int, default=0, help="seed of the parts")
    parser.add_argument("--defect-share", type=float, default=0.2, help="share with a defect")
    parser.add_argument("--width-px", type=int, default=384)
    parser.add_argument("--height-px", type=int, default=384)
    asked = parser.parse_args(arguments)
    if asked.out.exists() and any(asked.out.iterdir()):
        parser.error(f"{asked.out} is not empty: two sets of parts in one folder would mix")
    write_folder(
        asked.out, asked.count, asked.seed, asked.defect_share, (asked.width_px, asked.height_px)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
