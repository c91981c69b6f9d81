"""``python -m storage.archive``: writes pictures from the frame streams to disk."""

from __future__ import annotations

from functools import partial

from contracts.names import ARCHIVE_GROUP, frames
from runtime.messaging.redis_link import connect
from runtime.messaging.streams import StreamGroup
from runtime.process import log, metrics
from runtime.process.clock import SystemClock
from runtime.process.loop import Stop, run_loop
from runtime.process.program import run_process
from runtime.process.settings import load
from storage.archive.archive_worker import ArchiveWorker
from storage.archive.lost_pictures import LossCounter
from storage.archive.picture_archive import Archive, Bounds
from storage.archive.picture_folder import PictureFolder
from storage.archive.picture_index import PictureIndex
from storage.archive.settings import MB, ArchiveSettings
from storage.database import open_sessions, upgrade

PROCESS = "archive"


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    settings = load(ArchiveSettings)
    log.configure(PROCESS, settings)
    metrics.serve(settings)
    stop, clock, url = Stop.from_signals(), SystemClock(), settings.run_folder.database_url
    readers, writers = open_sessions(url), open_sessions(url, writes=True)
    streams = [frames(station) for station in settings.stations]
    worker = ArchiveWorker(
        StreamGroup(connect(settings.frames_redis_url), streams, ARCHIVE_GROUP, PROCESS),
        Archive(
            PictureFolder(settings.run_folder.archive),
            PictureIndex(readers, writers),
            Bounds(
                largest_bytes=settings.archive_largest_mb * MB,
                least_free_bytes=settings.archive_least_free_mb * MB,
                near_miss_logit=settings.archive_near_miss_logit,
            ),
            clock,
        ),
        LossCounter(readers, clock),
        clock,
        prepare=partial(upgrade, url),
        gather=partial(stop.wait, settings.archive_gather_ms / 1e3),
    )
    return run_loop(worker.step, stop, PROCESS)


if __name__ == "__main__":
    run_process(PROCESS, main)
