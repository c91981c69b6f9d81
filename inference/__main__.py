"""``python -m inference``: wires the workers of one process and runs them."""

from __future__ import annotations

import threading
from functools import partial

import redis

from contracts import names
from contracts.process_state import Role, Status
from inference.frames import FrameStreams
from inference.metrics import OF_STATIONS
from inference.readiness import Readiness
from inference.refused_pictures import RefusedPictures
from inference.settings import InferenceSettings
from inference.triton import TritonModel
from inference.worker import InferenceWorker, Limits
from runtime.messaging.dead_letters import dead_letter
from runtime.messaging.outbox import VerdictOutbox
from runtime.messaging.redis_link import connect
from runtime.messaging.release_book import ReleaseBook
from runtime.messaging.streams import StreamGroup
from runtime.messaging.verdict_process import VerdictProcess
from runtime.process.clock import Clock
from runtime.process.loop import Stop
from runtime.process.program import run_process
from runtime.process.settings import load
from runtime.process.station_metrics import StationMetrics


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    settings = load(InferenceSettings)
    process = VerdictProcess(settings, settings.process, Role.INFERENCE)
    journal, clock, stop = process.journal, process.clock, process.stop
    model = TritonModel(settings.triton_url, settings.model_name)
    releases = process.releases
    readiness = Readiness(model, releases, settings.stations, stop.wait)
    frames = _frames(settings, journal, clock, stop)
    turns = threading.Semaphore(max(1, settings.inference_workers - 1))
    pictures = RefusedPictures()
    make = partial(
        _worker, settings, frames, journal, model, releases, clock, turns, stop, pictures
    )
    workers = {f"worker-{number}": make() for number in range(1, settings.inference_workers + 1)}
    steps = {
        **{name: worker.step for name, worker in workers.items()},
        "claims": frames.keep_claims,
        "readiness": readiness.step,
    }
    metrics = StationMetrics(OF_STATIONS, clock)

    def follow(stations: tuple[str, ...]) -> bool:
        for each in (frames, readiness, metrics, pictures):
            each.follow(stations)
        return True

    def status() -> Status:
        known = readiness.status
        conditions = (*known.conditions, *pictures.conditions())
        return known.model_copy(update={"conditions": conditions})

    exit_code = process.run(steps, status, follow)
    model.close()
    return exit_code


def _frames(
    settings: InferenceSettings, journal: redis.Redis, clock: Clock, stop: Stop
) -> FrameStreams:
    streams = [names.frames(station) for station in settings.stations]
    frames_redis = connect(settings.frames_redis_url, "frames")
    group = StreamGroup(frames_redis, streams, names.INFERENCE_GROUP, settings.process)
    keep_letter = partial(dead_letter, journal)
    return FrameStreams(group, keep_letter, clock, settings.reclaim_idle_ms, pause=stop.wait)


def _worker(
    settings: InferenceSettings,
    frames: FrameStreams,
    journal: redis.Redis,
    model: TritonModel,
    releases: ReleaseBook,
    clock: Clock,
    turns: threading.Semaphore,
    stop: Stop,
    pictures: RefusedPictures,
) -> InferenceWorker:
    return InferenceWorker(
        settings.stations,
        frames=frames,
        model=model,
        releases=releases,
        outbox=VerdictOutbox(journal),
        clock=clock,
        limits=Limits(
            settings.handover_ms,
            settings.greatest_deliveries,
            settings.greatest_skew_ms,
            settings.inference_workers,
        ),
        turns=turns,
        pause=stop.wait,
        pictures=pictures,
    )


if __name__ == "__main__":
    run_process("inference", main)
