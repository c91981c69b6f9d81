"""``python -m inference``: wires the workers of one process and runs them."""

from __future__ import annotations

import sys
import threading
from functools import partial

import redis

from contracts import names
from contracts.errors import FatalError
from contracts.process_state import Role
from inference.frames import FrameStreams
from inference.readiness import Readiness
from inference.settings import InferenceSettings
from inference.triton import TritonModel
from inference.worker import InferenceWorker, Limits
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


def main() -> int:
    """Run until SIGTERM; returns the exit code."""
    settings = load(InferenceSettings)
    process, topics = settings.process, settings.topics
    log.configure(process, settings)
    metrics.serve(settings)
    stop, clock, releases = Stop.from_signals(), SystemClock(), ReleaseBook()
    journal = connect(settings.journal_redis_url)
    model = TritonModel(settings.triton_url, settings.model_name)
    link = MqttLink(
        settings.broker,
        topics,
        process,
        subscriptions={topics.config(): 1, topics.stored: 1},
        will=StateBoard.will(topics, process, Role.INFERENCE),
    )
    publisher = OutboxPublisher(journal, link, topics, clock, process)
    readiness = Readiness(model, releases, settings.stations, stop.wait)
    control = Control(
        link.inbox,
        topics,
        stations=settings.stations,
        releases=releases,
        sinks=settings.sinks,
        on_stored=publisher.on_stored,
        board=StateBoard(link, topics, process, Role.INFERENCE, clock),
        status=lambda: readiness.status,
    )
    frames = _frames(settings, journal, clock, stop)
    turns = threading.Semaphore(max(1, settings.inference_workers - 1))
    workers = {
        f"worker-{number}": _worker(settings, frames, journal, model, releases, clock, turns, stop)
        for number in range(1, settings.inference_workers + 1)
    }
    steps = {
        **{name: worker.step for name, worker in workers.items()},
        "claims": frames.keep_claims,
        "outbox": publisher.step,
        "readiness": readiness.step,
    }
    jobs = {name: partial(run_loop, step, stop, name) for name, step in steps.items()}
    link.start()
    with supervised_threads(stop, jobs):
        run_loop(control.step, stop, "control")
    link.stop()
    model.close()
    return stop.exit_code


def _frames(
    settings: InferenceSettings, journal: redis.Redis, clock: Clock, stop: Stop
) -> FrameStreams:
    streams = [names.frames(station) for station in settings.stations]
    group = StreamGroup(
        connect(settings.frames_redis_url), streams, names.INFERENCE_GROUP, settings.process
    )
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
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FatalError as error:
        sys.exit(f"inference: {error}")
