"""``python -m plc``: the PLC bridge of a line."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog

from contracts.fieldbus import FIELDBUSES
from contracts.plugins import plugin
from contracts.process_state import Role
from plc.bridge import Bridge
from plc.camera_triggers import CameraTriggers
from plc.core.station import Station
from plc.event_loop import run_bridge
from plc.fieldbus import Address, Fieldbus, Served
from plc.inbox import Inbox, subscriptions
from plc.journal.journal import Journal
from plc.journal.kept_releases import kept
from plc.journal.outbox import DispositionOutbox
from plc.journal.ranges import Ranges, ranges_of, read_ranges
from plc.journal.schema import open_database
from plc.journal.stations import kept_roster, known_stations, numbering_of
from plc.journal.writer import JournalWriter
from plc.members import Newcomer
from plc.settings import BridgeSettings, FieldbusSettings, links, load_fieldbuses
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.redis_link import connect
from runtime.messaging.state import StateBoard
from runtime.process import log, metrics
from runtime.process.clock import SystemClock
from runtime.process.loop import Stop, supervised_threads
from runtime.process.program import run_process
from runtime.process.settings import load

PROCESS = "bridge"
SESSION_EXPIRY_S = 60
"""The broker keeps verdicts for a bridge that restarts, not for one that was away for long."""


async def serve_line(
    settings: BridgeSettings,
    fieldbuses: Mapping[str, FieldbusSettings],
    journal: Journal,
    stop: Stop,
) -> None:
    """Wire the parts and run until ``stop``."""
    loop, clock = asyncio.get_running_loop(), SystemClock()
    link = MqttLink(
        settings.broker,
        settings.topics,
        PROCESS,
        subscriptions=subscriptions(settings.topics),
        will=StateBoard.will(settings.topics, PROCESS, Role.BRIDGE),
        session_expiry_s=SESSION_EXPIRY_S,
    )
    boot_id = journal.next_boot_id()
    numbers = open_database(journal.path)

    def new_station(name: str, boot_id: int) -> Newcomer:
        station = Station(numbering_of(numbers, name), settings.timing, boot_id)
        return Newcomer(station, ranges_of(numbers, name))

    roster = kept_roster(journal.database)
    stations = roster.stations if roster else links(fieldbuses, settings)
    writer = JournalWriter(journal, lambda done: loop.call_soon_threadsafe(bridge.on_commit, done))
    cameras = CameraTriggers(
        connect(settings.frames_redis_url, "frames"),
        clock,
        lambda trigger: loop.call_soon_threadsafe(bridge.on_capture_failed, trigger),
    )
    outbox = DispositionOutbox(settings.run_folder.bridge_journal, link, settings.topics, clock)
    reached = Ranges(read_ranges(journal.database, tuple(stations)), tuple(stations))
    bridge = Bridge(
        stations,
        new_station,
        boot_id,
        reached,
        writer,
        cameras,
        outbox,
        clock,
        broker_up=lambda: link.connected,
        served=fieldbuses.keys(),
        past=known_stations(journal.database),
    )
    bridge.resume(kept(journal.database))
    board = StateBoard(link, settings.topics, PROCESS, Role.BRIDGE, clock)
    jobs = {
        "journal": partial(writer.run, stop),
        "cameras": partial(cameras.run, stop),
        "outbox": partial(outbox.run, stop),
        "inbox": partial(Inbox(link, settings.topics, bridge, loop, settings.sinks).run, stop),
    }
    link.start()
    try:
        with supervised_threads(stop, jobs):
            servers = _servers(fieldbuses, bridge, settings, stop)
            await run_bridge(bridge, servers, board, stop)
    finally:
        link.stop()


def _servers(
    fieldbuses: Mapping[str, FieldbusSettings], bridge: Bridge, settings: BridgeSettings, stop: Stop
) -> dict[str, Fieldbus]:
    """Return the server of each fieldbus, none of which listens yet. Only these are imported."""
    urn = f"urn:referee:{settings.site}:{settings.line}:bridge"
    found: dict[str, Fieldbus] = {}
    for protocol, each in fieldbuses.items():
        address = Address(protocol, each.host, each.port_of(protocol))
        found[protocol] = plugin(FIELDBUSES, protocol)(Served(bridge, address, urn, stop.fail))
    return found


def main() -> int:
    """Run the bridge; returns the exit code."""
    settings = load(BridgeSettings)
    fieldbuses = load_fieldbuses(settings.stations)
    log.configure(PROCESS, settings)
    metrics.serve(settings)
    stop, journal = Stop.from_signals(), Journal(settings.run_folder.bridge_journal)
    closed = journal.close_leftovers()
    structlog.get_logger().info("journal_open", path=str(journal.path), closed=closed)
    asyncio.run(serve_line(settings, fieldbuses, journal, stop))
    return stop.exit_code


if __name__ == "__main__":
    run_process(PROCESS, main)
