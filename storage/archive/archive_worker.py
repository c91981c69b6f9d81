"""Moves frames from the streams to the archive. Acknowledges after file and row are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from contracts.errors import MalformedMessage, TransientError
from contracts.messages import FrameHeader
from contracts.names import frames
from contracts.parsing import parse
from runtime.messaging.streams import Entry
from runtime.process.clock import Clock
from storage.archive.lost_pictures import LossCounter
from storage.archive.picture_archive import Archive, Frame
from storage.metrics import ARCHIVE_UNWRITABLE, PICTURES_REFUSED
from storage.ports import Frames

log = structlog.get_logger()

FRAMES_AT_ONCE = 16
WAIT_FOR_FIRST_MS = 500
RECLAIM_EVERY_S = 5
IDLE_BEFORE_RECLAIM_MS = 10_000


class ArchiveWorker:
    """Archives one batch in each step, as a consumer group that inspection never waits for."""

    def __init__(
        self,
        frames: Frames,
        archive: Archive,
        losses: LossCounter,
        clock: Clock,
        *,
        prepare: Callable[[], None],
        gather: Callable[[], object],
    ) -> None:
        """``gather`` waits a moment for others to come after a batch's first picture."""
        self._frames = frames
        self._archive = archive
        self._losses = losses
        self._clock = clock
        self._prepare = prepare
        self._prepared = False
        self._gather = gather
        self._batch: list[Entry] = []
        self._next_reclaim_ns = 0

    def step(self) -> None:
        """Archive one batch, or wait a moment for pictures.

        Raises:
            Unavailable: Redis, the disk or the database cannot be used; the batch is tried again.
        """
        try:
            self._step()
        except TransientError:
            ARCHIVE_UNWRITABLE.set(1)
            raise
        ARCHIVE_UNWRITABLE.set(0)

    def _step(self) -> None:
        if not self._prepared:
            self._prepare()
            self._archive.reconcile()
            self._prepared = True
        self._batch = self._batch or self._collect()
        if self._batch:
            self._archive.keep(_frames(self._batch))
            self._frames.ack(*self._batch)
            self._batch = []
        self._losses.step()

    def _collect(self) -> list[Entry]:
        now_ns = self._clock.now().monotonic_ns
        if now_ns >= self._next_reclaim_ns:
            self._next_reclaim_ns = now_ns + RECLAIM_EVERY_S * 10**9
            reclaimed = self._frames.reclaim(IDLE_BEFORE_RECLAIM_MS, FRAMES_AT_ONCE)
            if reclaimed:
                return reclaimed
        first = self._frames.read(FRAMES_AT_ONCE, WAIT_FOR_FIRST_MS)
        if not first:
            return []
        self._gather()
        return [*first, *self._frames.read(FRAMES_AT_ONCE, 0)]


def _frames(entries: Sequence[Entry]) -> list[Frame]:
    frames = []
    for entry in entries:
        try:
            frames.append(_frame(entry))
        except MalformedMessage as error:  # inference gives the part its no_verdict
            PICTURES_REFUSED.inc()
            log.error("picture_refused", entry_id=entry.id, reason=str(error))
    return frames


def _frame(entry: Entry) -> Frame:
    if not entry.fields.get(b"image"):
        raise MalformedMessage(entry.stream, "no image")
    header = parse(FrameHeader, entry.fields.get(b"header", b""), entry.stream)
    if entry.stream != frames(header.part.station):
        raise MalformedMessage(entry.stream, f"a frame of station {header.part.station}")
    return Frame(header, entry.fields[b"image"])
