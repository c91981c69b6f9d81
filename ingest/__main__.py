"""``python -m ingest``: wires the ingest process and runs it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

import redis

from contracts import names
from contracts.messages import Stored
from contracts.process_state import Role
from ingest.frame_parts import FrameParts
from ingest.frame_stream import FrameStream
from ingest.notices import MqttNotices
from ingest.output import PartOutput
from ingest.part_numbers import PartNumbers
from ingest.settings import IngestSettings
from ingest.station import IngestStation, status_of
from ingest.station_camera import CameraOpener, StationCamera
from ingest.triggered_parts import TriggeredParts
from runtime.messaging.dead_letters import dead_letter
from runtime.messaging.outbox import VerdictOutbox
from runtime.messaging.redis_link import connect
from runtime.messaging.release_book import ReleaseBook
from runtime.messaging.streams import StreamGroup
from runtime.messaging.verdict_process import VerdictProcess
from runtime.process.clock import Clock
from runtime.process.program import run_process
from runtime.process.settings import load

PROCESS = "ingest"


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    settings = load(IngestSettings)
    process = VerdictProcess(settings, PROCESS, Role.INGEST)
    journal, clock = process.journal, process.clock
    numbers = {name: PartNumbers(journal, name, clock) for name in settings.stations}
    notices = MqttNotices(process.link, settings.topics)
    stations = _stations(settings, journal, process.releases, clock, numbers, notices)

    def on_stored(stored: Stored) -> None:
        for each in numbers.values():
            each.on_stored(stored)

    steps = {f"station-{name}": station.step for name, station in stations.items()}
    exit_code = process.run(steps, partial(status_of, stations, numbers), on_stored)
    for station in stations.values():
        station.close()
    return exit_code


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
        triggered = TriggeredParts(
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
    run_process(PROCESS, main)
