"""Picture files, named after their part and written completely or not at all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from contracts.errors import Unavailable
from contracts.identity import PartKey
from runtime.process.database_errors import disk_condition

PARTS_A_FOLDER = 10_000
UNFINISHED = ".part"
EXTENSIONS = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpg",
    b"BM": "bmp",
    b"II*\x00": "tif",
    b"MM\x00*": "tif",
}
NAMED = re.compile(r"^([a-z0-9][a-z0-9_-]{0,62})/(\d{1,19})/\d+/(\d{1,19})\.[a-z]{3}$")


def path_of(part: PartKey, image: bytes) -> str:
    """Return ``station/epoch/(sequence // 10000)/sequence.ext`` of a part."""
    kinds = (extension for magic, extension in EXTENSIONS.items() if image.startswith(magic))
    folder = part.trigger_seq // PARTS_A_FOLDER
    name = f"{part.trigger_seq}.{next(kinds, 'bin')}"
    return str(PurePosixPath(part.station, str(part.epoch), str(folder), name))


def part_of(path: str) -> PartKey | None:
    """Return the part that a file is named after; None if it is not a file of the archive."""
    match = NAMED.match(path)
    if match is None:
        return None
    station, epoch, trigger_seq = match.groups()
    return PartKey(station=station, epoch=int(epoch), trigger_seq=int(trigger_seq))


class PictureFolder:
    """The archive's folder. A disk error raises ``Unavailable``: there may be room later."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, path: str, image: bytes) -> None:
        """Write a file under a temporary name, then rename it, so that a name means a whole file.

        The file is not flushed to disk, which would slow the journals on the same disk. A file that
        a power cut left short is recognised by its size.
        """
        with self._errors():
            target = self._root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished = target.with_name(target.name + UNFINISHED)
            unfinished.write_bytes(image)
            unfinished.replace(target)

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        with self._errors():
            return (self._root / path).read_bytes()

    def remove(self, path: str) -> None:
        """Remove a file; do nothing if it is gone."""
        with self._errors():
            (self._root / path).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Return the free bytes of the disk."""
        with self._errors():
            self._root.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self._root).free

    def sizes(self) -> dict[str, int]:
        """Return the path and the size in bytes of every file. Unfinished files are removed."""
        with self._errors():
            return {
                file.relative_to(self._root).as_posix(): file.stat().st_size
                for file in self._finished()
            }

    def written_at_utc_ns(self, path: str) -> int:
        """Return when a file was written."""
        with self._errors():
            return (self._root / path).stat().st_mtime_ns

    def _finished(self) -> Iterator[Path]:
        for file in list(self._root.rglob("*")):
            if file.name.endswith(UNFINISHED):
                file.unlink()
            elif file.is_file():
                yield file

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            disk, condition = f"the archive's disk at {self._root}", disk_condition(error)
            raise Unavailable(disk, str(error), condition) from error
