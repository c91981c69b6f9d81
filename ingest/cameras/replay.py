"""A camera that shows the pictures of a folder in a seeded shuffle, once or repeatedly."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Annotated

from pydantic import Field

from contracts.camera import CameraContext, CameraSettings, Shot
from contracts.errors import CameraFailed
from ingest.cameras.pictures import list_pictures
from runtime.process.clock import Clock

LARGEST_PICTURE_MB = 64
PREFIX = "replay:"
"""Sources of this camera are this and the picture's path inside the folder."""


class ReplayCamera(CameraSettings):
    """The pictures of a folder, in a seeded shuffle."""

    folder: Annotated[
        str | None, Field(title="Folder of pictures; `--images DIR` on the command line wins")
    ] = None
    seed: Annotated[int, Field(title="Seed of the shuffle")] = 0
    repeat: Annotated[bool, Field(title="Start over after the last picture")] = True
    split: Annotated[
        str | None, Field(title="Only pictures of this split of the folder's index.json")
    ] = None

    @property
    def files(self) -> tuple[str, ...]:
        """The folder, if it is given."""
        return ("folder",) if self.folder is not None else ()

    def check_files(self, images: Path | None) -> None:
        """Raise CameraFailed if there is no folder, or no picture in it."""
        list_pictures(self._shown(images), self.split)

    def open(self, context: CameraContext) -> ReplayFolder:
        """List the folder. Raises CameraFailed if there is no folder, or no picture in it."""
        return ReplayFolder(
            self._shown(context.images),
            seed=self.seed,
            repeat=self.repeat,
            split=self.split,
            clock=context.clock,
        )

    def _shown(self, images: Path | None) -> Path:
        if images is None and self.folder is None:
            raise CameraFailed("the replay camera has no folder: give `folder`, or `--images DIR`")
        return images or Path(str(self.folder))


class ReplayFolder:
    """Returns files exactly as they are on disk, including files that cannot be decoded."""

    def __init__(
        self, folder: Path, *, seed: int, repeat: bool, split: str | None, clock: Clock
    ) -> None:
        """List the folder.

        Args:
            folder: pictures at any depth; ``ground_truth`` is skipped.
            seed: of the shuffle; every round has an order of its own.
            repeat: start over after the last picture.
            split: only pictures of this split of the folder's ``index.json``.
            clock: stamps the captures.

        Raises:
            CameraFailed: no such folder, or no pictures in it.
        """
        self._folder = folder
        self._seed = seed
        self._repeat = repeat
        self._clock = clock
        self._pictures = list_pictures(folder, split)
        self._served = 0
        self._order = self._shuffled(0)

    def capture(self) -> Shot:
        """Return the next file. Raises CameraFailed after the last one, or if it is missing."""
        if trouble := self.trouble():
            raise CameraFailed(trouble)
        captured_at = self._clock.now()
        name = self._next_name()
        return Shot(self._bytes_of(self._folder / name), captured_at, PREFIX + name)

    def next_frame(self, wait_s: float) -> Shot:
        """Return what ``capture`` returns: a folder sets no pace."""
        return self.capture()

    def trouble(self) -> str:
        """Return that all pictures were shown, if the camera does not repeat; else empty."""
        if self._repeat or self._served < len(self._pictures):
            return ""
        return f"all {len(self._pictures)} pictures of {self._folder} have been shown"

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _next_name(self) -> str:
        turn, place = divmod(self._served, len(self._pictures))
        if place == 0 and turn > 0:
            self._order = self._shuffled(turn)
        self._served += 1
        return self._order[place]

    def _shuffled(self, turn: int) -> list[str]:
        order = list(self._pictures)
        random.Random(f"{self._seed}/{turn}").shuffle(order)
        return order

    def _bytes_of(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > LARGEST_PICTURE_MB * 2**20:
                raise CameraFailed(f"{path} is larger than {LARGEST_PICTURE_MB} MiB")
            return path.read_bytes()
        except OSError as error:
            raise CameraFailed(f"{path} cannot be read: {error.strerror}") from error
