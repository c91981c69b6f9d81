"""The bridge's event loop: its servers, time, and the state that it tells the line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog

from contracts.process_state import Status
from plc.bridge import Bridge
from plc.modbus.server import serve
from plc.settings import BridgeSettings
from runtime.messaging.state import StateBoard
from runtime.process.loop import Stop

log = structlog.get_logger()

_BUSY_TICK_S, _IDLE_TICK_S = 0.01, 0.05
_FOLLOW_EVERY_S, _TELL_EVERY_S = 0.1, 0.5


async def run_bridge(
    bridge: Bridge, settings: BridgeSettings, board: StateBoard, stop: Stop
) -> None:
    """Serve until ``stop``. Raises FatalError where an address cannot be bound."""
    asyncio.get_running_loop().set_exception_handler(_fail(stop))
    opcua = asyncio.create_task(_serve_opcua(bridge, settings, stop))
    server = await serve(bridge, settings.modbus_host, settings.modbus_port, stop.fail)
    follow_s = tell_s = 0.0
    try:
        while not stop.is_set():
            now_s = time.monotonic()
            if now_s >= follow_s:
                bridge.follow_all()
                follow_s = now_s + _FOLLOW_EVERY_S
            if now_s >= tell_s:
                board.publish(status_of(bridge))
                tell_s = now_s + _TELL_EVERY_S
            bridge.tick()
            if opcua.done():
                opcua.result()  # raises what ended it; where none is wanted, it ended at once
            await asyncio.sleep(_BUSY_TICK_S if bridge.is_busy else _IDLE_TICK_S)
    finally:
        await server.shutdown()
        opcua.cancel()
        await asyncio.wait([opcua])


async def _serve_opcua(bridge: Bridge, settings: BridgeSettings, stop: Stop) -> None:
    """OPC UA where it is wanted. Beside the loop: its nodes take a second or two to build."""
    if not settings.opcua_port:
        return
    from plc.opcua.server import (
        OpcUaServer,  # half a second and 30 MB that other lines need not spend
    )

    server = OpcUaServer(bridge.images, settings.opcua_stations, stop.fail)
    uri = f"urn:referee:{settings.site}:{settings.line}:bridge"
    await server.start(settings.opcua_host, settings.opcua_port, uri)
    try:
        while True:
            await server.refresh()
            server.look_after_peers()
            await asyncio.sleep(_BUSY_TICK_S)
    finally:
        await server.stop()


def status_of(bridge: Bridge) -> Status:
    """Return the bridge's status. It is ready when every station takes triggers."""
    troubles = bridge.troubles()
    return Status(
        ready=not troubles,
        stations=tuple(bridge.stations),
        troubles=troubles,
        releases=bridge.release_ids(),
        phases=bridge.phases(),
        recipes=bridge.recipes(),
        sequences=bridge.sequences(),
    )


def _fail(stop: Stop) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """What no call expected ends the process: its journal knows how to go on, memory does not."""

    def handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        log.critical("bridge_failed", what=context["message"], exc_info=context.get("exception"))
        stop.fail()

    return handler
