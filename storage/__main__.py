"""``python -m storage``: stores verdicts, dispositions, releases and states from MQTT in SQL."""

from __future__ import annotations

from functools import partial

from contracts.process_state import Role, Status
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.self_report import SelfReport
from runtime.messaging.state import StateBoard
from runtime.process import log, metrics
from runtime.process.clock import SystemClock
from runtime.process.disk_watch import DiskWatch
from runtime.process.loop import Stop, run_loop, supervised_threads
from runtime.process.open_conditions import OpenConditions
from runtime.process.program import run_process
from runtime.process.settings import load
from runtime.process.step_watch import StepWatch
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
        prepare=partial(upgrade, url),
        gather=partial(stop.wait, settings.storage_gather_ms / 1e3),
        largest_batch=settings.storage_largest_batch,
        name=name,
    )
    conditions, work = OpenConditions(), StepWatch(sink.step, "database_slow")
    report = SelfReport(
        StateBoard(link, topics, name, Role.STORAGE, clock),
        work,
        conditions,
        DiskWatch(settings.run_folder.path).conditions,
        pause=stop.wait,
        status=lambda: Status(roster_id=keeper.roster_id),
    )
    link.start()
    try:
        with supervised_threads(stop, {"state": partial(run_loop, report.step, stop, "state")}):
            return run_loop(work.step, stop, name, conditions)
    finally:
        link.stop()


if __name__ == "__main__":
    run_process("storage", main)
