"""The archive: keeps pictures, and evicts the least interesting ones to make room."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from contracts.errors import Unavailable
from contracts.identity import PartKey
from contracts.messages import FrameHeader
from runtime.process.clock import Clock
from storage.archive.picture_folder import PictureFolder, part_of, path_of
from storage.archive.picture_index import Evictable, Picture, PictureIndex, Retention
from storage.metrics import ARCHIVE_BYTES, PICTURES_EVICTED, PICTURES_KEPT, PICTURES_REFUSED
from storage.models import PictureRow

log = structlog.get_logger()

EVICT_AT_ONCE = 2000
ROOM_TO_MAKE = 0.05
"""Share of the bound that an eviction frees in addition, so that evictions are rare."""


class Frame(NamedTuple):
    """A picture with its header."""

    header: FrameHeader
    image: bytes


class Bounds(NamedTuple):
    """Limits of disk use, and which passes to keep longest."""

    largest_bytes: int
    least_free_bytes: int
    near_miss_logit: float


class Archive:
    """The picture folder and its index, kept consistent."""

    def __init__(
        self, folder: PictureFolder, index: PictureIndex, bounds: Bounds, clock: Clock
    ) -> None:
        self._folder = folder
        self._index = index
        self._bounds = bounds
        self._clock = clock
        self._kept_bytes = 0

    def reconcile(self) -> None:
        """Make folder and index agree, at start. A picture without a row is kept.

        Files without a row, after a crash or with a new database, get one. Rows whose file is
        missing or too short are marked as evicted.
        """
        sizes, kept = self._folder.sizes(), self._index.kept()
        self._forget([row for path, row in kept.items() if sizes.get(path) != row.size_bytes])
        self._adopt([path for path in sizes if path not in kept])
        self._kept_bytes = self._index.kept_bytes()
        ARCHIVE_BYTES.set(self._kept_bytes)

    def keep(self, frames: Sequence[Frame]) -> None:
        """Write pictures and index them. Keeping them again changes nothing.

        Raises:
            Unavailable: the disk or the database cannot be written right now.
        """
        known = self._index.known({frame.header.part for frame in frames})
        new = {f.header.part: f for f in reversed(frames) if f.header.part not in known}
        if not new:
            return
        incoming_bytes = sum(len(frame.image) for frame in new.values())
        if incoming_bytes > self._bounds.largest_bytes:
            self._keep_some(frames)
            return
        self._make_room(incoming_bytes)
        pictures = [_picture(frame) for frame in new.values()]
        for picture, frame in zip(pictures, new.values(), strict=True):
            self._folder.write(picture.path, frame.image)
        self._index.add(pictures)
        self._kept_bytes += incoming_bytes
        PICTURES_KEPT.inc(len(pictures))
        ARCHIVE_BYTES.set(self._kept_bytes)

    def _keep_some(self, frames: Sequence[Frame]) -> None:
        """Keep pictures one by one, except those that are larger than the whole archive."""
        for frame in frames:
            if len(frame.image) <= self._bounds.largest_bytes:
                self.keep([frame])
                continue
            PICTURES_REFUSED.inc()
            log.error("picture_refused", part=str(frame.header.part), size=len(frame.image))

    def _make_room(self, incoming_bytes: int) -> None:
        """Evict until the bytes fit. Newer pictures replace rejects too; a full disk does not."""
        over, short = self._over(incoming_bytes), self._short(incoming_bytes)
        if over > 0:
            self._free(over, Retention.REJECT)
        elif short > 0:
            self._free(short, Retention.NEAR_MISS)
        if max(self._over(incoming_bytes), self._short(incoming_bytes)) > 0:
            reason = f"no room on disk for {incoming_bytes} bytes"
            raise Unavailable("the archive", reason, "disk_full")

    def _over(self, incoming_bytes: int) -> int:
        """Return the bytes by which the archive would exceed its bound."""
        return self._kept_bytes + incoming_bytes - self._bounds.largest_bytes

    def _short(self, incoming_bytes: int) -> int:
        """Return the bytes that the disk would lack for the database and the journals."""
        return self._bounds.least_free_bytes + incoming_bytes - self._folder.free_bytes()

    def _free(self, needed_bytes: int, at_most: Retention) -> None:
        to_free = needed_bytes + int(ROOM_TO_MAKE * self._bounds.largest_bytes)
        while to_free > 0:
            leaving = self._index.evictable(self._bounds.near_miss_logit, at_most, EVICT_AT_ONCE)
            if not leaving:
                return
            to_free -= self._evict(leaving, to_free)

    def _evict(self, leaving: Sequence[Evictable], to_free: int) -> int:
        freed, gone = 0, []
        for picture in leaving:
            if freed >= to_free:
                break
            self._folder.remove(picture.path)
            PICTURES_EVICTED.labels(picture.keep.name.lower()).inc()
            freed += picture.size_bytes
            gone.append(picture.id)
        self._index.mark_evicted(gone, self._clock.now().utc_ns)
        self._kept_bytes -= freed
        return freed

    def _forget(self, rows: Sequence[PictureRow]) -> None:
        """Mark rows as evicted whose files are missing or were cut short by a power cut."""
        if rows:
            log.warning("archive_pictures_missing", pictures=len(rows))
            for row in rows:
                self._folder.remove(row.path)
            self._index.mark_evicted([row.id for row in rows], self._clock.now().utc_ns)

    def _adopt(self, paths: Sequence[str]) -> None:
        """Index files that have no row; delete those that are marked as evicted."""
        parts = {path: part for path in paths if (part := part_of(path)) is not None}
        known = self._index.known(parts.values())
        for path, part in parts.items():
            if part in known:
                self._folder.remove(path)
        found = {path: part for path, part in parts.items() if part not in known}
        if found:
            log.warning("archive_pictures_adopted", pictures=len(found))
        self._index.add([self._found(path, part) for path, part in found.items()])

    def _found(self, path: str, part: PartKey) -> Picture:
        image = self._folder.read(path)
        return Picture(
            part=part,
            path=path,
            size_bytes=len(image),
            sha256=hashlib.sha256(image).hexdigest(),
            source="",
            release_id="",
            captured_at_utc_ns=self._folder.written_at_utc_ns(path),
        )


def _picture(frame: Frame) -> Picture:
    header = frame.header
    return Picture(
        part=header.part,
        path=path_of(header.part, frame.image),
        size_bytes=len(frame.image),
        sha256=hashlib.sha256(frame.image).hexdigest(),
        source=header.source,
        release_id=header.release_id,
        captured_at_utc_ns=header.captured_at.utc_ns,
    )
