"""``python -m ingest``: wires the ingest process and runs it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from functools import partial

import redis

from contracts import names
from contracts.errors import FatalError
from contracts.messages import Stored
from contracts.process_state import Role
from ingest.frame_parts import FrameParts
from ingest.frame_stream import FrameStream
from ingest.notices import MqttNotices
from ingest.output import PartOutput
from ingest.part_numbers import PartNumbers
from ingest.readiness import status_of
from ingest.settings import IngestSettings
from ingest.station import IngestStation
from ingest.station_camera import CameraOpener, StationCamera
from ingest.worker import StationWorker
from runtime.messaging.control import Control
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.outbox import OutboxPublisher, VerdictOutbox
from runtime.messaging.redis_link import connect
from runtime.messaging.release_book import ReleaseBook
from runtime.messaging.state import StateBoard
from runtime.messaging.streams import StreamGroup, dead_letter
from runtime.process import log, metrics
from runtime.process.clock import Clock, SystemClock
from runtime.process.loop import Stop, run_loop, supervised_threads
from runtime.process.settings import load

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
        will=StateBoard.will(topics, PROCESS, Role.INGEST),
    )
    publisher = OutboxPublisher(journal, link, topics, clock, PROCESS)
    numbers = {name: PartNumbers(journal, name, clock) for name in settings.stations}
    notices = MqttNotices(link, topics)
    stations = _stations(settings, journal, releases, clock, numbers, notices)

    def on_stored(stored: Stored) -> None:
        publisher.on_stored(stored)
        for each in numbers.values():
            each.on_stored(stored)

    control = Control(
        link.inbox,
        topics,
        stations=settings.stations,
        releases=releases,
        sinks=settings.sinks,
        on_stored=on_stored,
        board=StateBoard(link, topics, PROCESS, Role.INGEST, clock),
        status=partial(status_of, stations, numbers),
    )
    steps = {f"station-{name}": station.step for name, station in stations.items()}
    steps["outbox"] = publisher.step
    jobs = {name: partial(run_loop, step, stop, name) for name, step in steps.items()}
    link.start()
    with supervised_threads(stop, jobs):
        run_loop(control.step, stop, "control")
    link.stop()
    for station in stations.values():
        station.close()
    return stop.exit_code


def _stations(
    settings: IngestSettings,
    journal: redis.Redis,
    releases: ReleaseBook,
    clock: Clock,
    numbers: Mapping[str, PartNumbers],
    notices: MqttNotices,
) -> dict[str, IngestStation]:
    frames_redis = connect(settings.frames_redis_url)
    opener = CameraOpener(settings.images, settings.camera_patience_ms / 1000, clock)

    def station(name: str) -> IngestStation:
        frames = FrameStream(frames_redis, name, settings.frames_kept)
        backlog = settings.frames_greatest_backlog
        output = PartOutput(name, frames, VerdictOutbox(journal), clock, backlog)
        camera = StationCamera(opener, clock)
        triggered = StationWorker(
            name,
            triggers=StreamGroup(frames_redis, [names.triggers(name)], names.INGEST_GROUP, PROCESS),
            output=output,
            dead_letter=partial(dead_letter, journal),
            releases=releases,
            camera=camera,
            clock=clock,
            greatest_age_ms=settings.trigger_greatest_age_ms,
        )
        alone = FrameParts(
            name,
            camera=camera,
            numbers=numbers[name],
            notices=notices,
            output=output,
            clock=clock,
            sleep=time.sleep,
        )
        return IngestStation(
            name, releases=releases, camera=camera, triggered=triggered, alone=alone
        )

    return {name: station(name) for name in settings.stations}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FatalError as error:
        sys.exit(f"{PROCESS}: {error}")
