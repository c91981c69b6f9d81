"""``python -m storage.archive``: writes pictures from the frame streams to disk."""

from __future__ import annotations

from functools import partial

from contracts.names import ARCHIVE_GROUP, frames
from contracts.process_state import Role
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.redis_link import connect
from runtime.messaging.self_report import SelfReport
from runtime.messaging.state import StateBoard
from runtime.messaging.streams import StreamGroup
from runtime.process import log, metrics
from runtime.process.clock import SystemClock
from runtime.process.disk_watch import DiskWatch
from runtime.process.loop import Stop, run_loop, supervised_threads
from runtime.process.open_conditions import OpenConditions
from runtime.process.program import run_process
from runtime.process.settings import load
from runtime.process.step_watch import StepWatch
from storage.archive.archive_worker import ArchiveWorker
from storage.archive.followed_roster import FollowedRoster
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
    group = StreamGroup(
        connect(settings.frames_redis_url, "frames"), streams, ARCHIVE_GROUP, PROCESS
    )
    worker = ArchiveWorker(
        group,
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
    topics = settings.topics
    link = MqttLink(
        settings.broker,
        topics,
        PROCESS,
        subscriptions={topics.stations: 1},
        will=StateBoard.will(topics, PROCESS, Role.ARCHIVE),
    )
    conditions, work = OpenConditions(), StepWatch(worker.step, "archive_slow")
    report = SelfReport(
        StateBoard(link, topics, PROCESS, Role.ARCHIVE, clock),
        work,
        conditions,
        DiskWatch(settings.run_folder.archive).conditions,
        pause=stop.wait,
        status=FollowedRoster(link.inbox, topics, group).status,
    )
    link.start()
    try:
        with supervised_threads(stop, {"state": partial(run_loop, report.step, stop, "state")}):
            return run_loop(work.step, stop, PROCESS, conditions)
    finally:
        link.stop()


if __name__ == "__main__":
    run_process(PROCESS, main)
