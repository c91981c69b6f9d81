"""``python -m ingest``: wires the ingest process and runs it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial

from contracts import names
from contracts.process_state import Role
from contracts.variables import hiding
from ingest.frame_parts import FrameParts
from ingest.frame_stream import FrameStream
from ingest.line_stations import LineStations, Numbered
from ingest.notices import MqttNotices
from ingest.output import PartOutput
from ingest.part_numbers import PartNumbers
from ingest.settings import IngestSettings
from ingest.station import IngestStation
from ingest.station_camera import CameraOpener, StationCamera
from ingest.triggered_parts import TriggeredParts
from runtime.messaging.dead_letters import dead_letter
from runtime.messaging.outbox import VerdictOutbox
from runtime.messaging.redis_link import connect
from runtime.messaging.streams import StreamGroup
from runtime.messaging.trim import keep, let_go
from runtime.messaging.verdict_process import VerdictProcess
from runtime.process.program import run_process
from runtime.process.settings import load

PROCESS = "ingest"


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    settings = load(IngestSettings)
    variables = {name: os.environ[name] for name in settings.camera_variables if name in os.environ}
    process = VerdictProcess(settings, PROCESS, Role.INGEST, hiding(variables))
    make = _maker(settings, process, variables)
    stations = LineStations(make, process.clock, process.stop, process.conditions)
    exit_code = process.run({}, stations.status, stations.follow, stations.on_stored)
    stations.join()
    return exit_code


def _maker(
    settings: IngestSettings, process: VerdictProcess, variables: Mapping[str, str]
) -> Callable[[str], Numbered]:
    """Return what wires one station."""
    journal, releases, clock = process.journal, process.releases, process.clock
    frames_redis = connect(settings.frames_redis_url, "frames")
    patience_s = settings.camera_patience_ms / 1000
    opener = CameraOpener(settings.images, patience_s, clock, variables)
    notices = MqttNotices(process.link, settings.topics)

    def make(name: str) -> Numbered:
        numbers = PartNumbers(journal, name, clock)
        frames = FrameStream(frames_redis, name, settings.frames_kept)
        backlog = settings.frames_greatest_backlog
        output = PartOutput(name, frames, VerdictOutbox(journal), clock, backlog)
        camera = StationCamera(opener, clock)
        streams = names.triggers(name), names.frames(name)
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
            numbers=numbers,
            notices=notices,
            output=output,
            clock=clock,
            sleep=time.sleep,
        )
        station = IngestStation(
            name,
            releases=releases,
            camera=camera,
            triggered=triggered,
            alone=alone,
            keep_streams=partial(keep, frames_redis, *streams),
            let_streams_go=partial(let_go, frames_redis, *streams),
        )
        return Numbered(station, numbers)

    return make


if __name__ == "__main__":
    run_process(PROCESS, main)
