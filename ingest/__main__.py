"""``python -m ingest``: wires the ingest process and runs it."""

from __future__ import annotations

import sys
from functools import partial

import redis

from contracts import names
from contracts.errors import FatalError
from ingest.cameras.opening import CameraOpener
from ingest.frame_stream import FrameStream
from ingest.readiness import standing
from ingest.settings import IngestSettings
from ingest.station_camera import StationCamera
from ingest.worker import Limits, StationWorker
from runtime import log, metrics
from runtime.clock import Clock, SystemClock
from runtime.control import Control
from runtime.mqtt import MqttLink
from runtime.outbox import OutboxPublisher, VerdictOutbox
from runtime.redis_link import connect
from runtime.releases import ReleaseBook
from runtime.settings import load
from runtime.state import StateBoard
from runtime.streams import StreamGroup, dead_letter
from runtime.worker import Stop, run_loop, supervised_threads

PROCESS = "ingest"


def main() -> int:
    """Run until SIGTERM; returns the exit code."""
    settings = load(IngestSettings)
    log.configure(PROCESS, settings)
    metrics.serve(settings)
    stop = Stop.from_signals()
    topics, clock, releases = settings.topics, SystemClock(), ReleaseBook()
    journal = connect(settings.journal_redis_url)
    link = MqttLink(
        settings.broker,
        topics,
        PROCESS,
        subscriptions={topics.config(): 1, topics.stored: 1},
        will=StateBoard.will(topics, PROCESS),
    )
    publisher = OutboxPublisher(journal, link, topics, clock, PROCESS)
    workers = _workers(settings, journal, releases, clock)
    control = Control(
        link.inbox,
        topics,
        stations=settings.stations,
        releases=releases,
        on_stored=publisher.on_stored,
        state=StateBoard(link, topics, PROCESS, clock),
        standing=partial(standing, workers),
    )
    steps = {f"station-{name}": worker.step for name, worker in workers.items()}
    steps["outbox"] = publisher.step
    jobs = {name: partial(run_loop, step, stop, name) for name, step in steps.items()}
    link.start()
    with supervised_threads(stop, jobs):
        run_loop(control.step, stop, "control")
    link.stop()
    for worker in workers.values():
        worker.close()
    return stop.exit_code


def _workers(
    settings: IngestSettings, journal: redis.Redis, releases: ReleaseBook, clock: Clock
) -> dict[str, StationWorker]:
    frames_redis = connect(settings.frames_redis_url)
    opener = CameraOpener(settings.images, settings.camera_patience_ms / 1000, clock)
    limits = Limits(settings.trigger_greatest_age_ms, settings.frames_greatest_backlog)
    return {
        station: StationWorker(
            station,
            triggers=StreamGroup(
                frames_redis, [names.triggers(station)], names.INGEST_GROUP, PROCESS
            ),
            frames=FrameStream(frames_redis, station, settings.frames_kept),
            outbox=VerdictOutbox(journal),
            dead_letter=partial(dead_letter, journal),
            releases=releases,
            camera=StationCamera(opener, clock),
            clock=clock,
            limits=limits,
        )
        for station in settings.stations
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FatalError as error:
        sys.exit(f"{PROCESS}: {error}")
