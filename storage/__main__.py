"""``python -m storage``: stores verdicts, dispositions, releases and states from MQTT in SQL."""

from __future__ import annotations

from functools import partial

from contracts.process_state import Role
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.state import StateBoard
from runtime.process import log, metrics
from runtime.process.clock import SystemClock
from runtime.process.loop import Stop, run_loop
from runtime.process.program import run_process
from runtime.process.settings import load
from storage.config_keeper import ConfigKeeper
from storage.database import open_sessions, upgrade
from storage.recorder import Recorder
from storage.settings import StorageSettings
from storage.sink import Sink, subscriptions


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    settings = load(StorageSettings)
    name = settings.storage_name
    log.configure(name, settings)
    metrics.serve(settings)
    stop, clock, topics = Stop.from_signals(), SystemClock(), settings.topics
    link = MqttLink(
        settings.broker,
        topics,
        name,
        subscriptions=subscriptions(topics),
        will=StateBoard.will(topics, name, Role.STORAGE),
        session_expiry_s=settings.storage_session_expiry_s,
        inbox_size=4 * settings.storage_largest_batch,
    )
    url = settings.run_folder.database_url
    sessions = open_sessions(url, writes=True)
    keeper = ConfigKeeper(link, topics, settings.stations, sessions, clock)
    link.on_connect.append(keeper.connected)
    sink = Sink(
        link,
        topics,
        Recorder(sessions, topics, clock, settings.storage_dead_letters_kept),
        keeper,
        StateBoard(link, topics, name, Role.STORAGE, clock),
        prepare=partial(upgrade, url),
        gather=partial(stop.wait, settings.storage_gather_ms / 1e3),
        largest_batch=settings.storage_largest_batch,
        name=name,
    )
    link.start()
    try:
        return run_loop(sink.step, stop, name)
    finally:
        link.stop()


if __name__ == "__main__":
    run_process("storage", main)
