"""The bridge's event loop: Modbus server, time, and the state that it tells the line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog

from plc.bridge import Bridge
from plc.modbus import serve
from plc.settings import BridgeSettings
from runtime.state import StateBoard
from runtime.worker import Stop

log = structlog.get_logger()

_BUSY_TICK_S, _IDLE_TICK_S = 0.01, 0.05
_FOLLOW_EVERY_S, _TELL_EVERY_S = 0.1, 0.5


async def run_bridge(
    bridge: Bridge, settings: BridgeSettings, board: StateBoard, stop: Stop
) -> None:
    """Serve until ``stop``. Raises FatalError where the Modbus address cannot be bound."""
    asyncio.get_running_loop().set_exception_handler(_fail(stop))
    server = await serve(bridge, settings.modbus_host, settings.modbus_port, stop.fail)
    follow_s = tell_s = 0.0
    try:
        while not stop.is_set():
            now_s = time.monotonic()
            if now_s >= follow_s:
                bridge.follow_all()
                follow_s = now_s + _FOLLOW_EVERY_S
            if now_s >= tell_s:
                tell(bridge, board)
                tell_s = now_s + _TELL_EVERY_S
            bridge.tick()
            await asyncio.sleep(_BUSY_TICK_S if bridge.is_busy else _IDLE_TICK_S)
    finally:
        await server.shutdown()


def tell(bridge: Bridge, board: StateBoard) -> None:
    """Publish the process's state, if it is news."""
    reason = bridge.not_ready_because()
    board.publish(
        ready=not reason,
        stations=tuple(bridge.stations),
        releases=bridge.release_ids(),
        phases=bridge.phases(),
        sequences=bridge.sequences(),
        reason=reason,
    )


def _fail(stop: Stop) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """What no call expected ends the process: its journal knows how to go on, memory does not."""

    def handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        log.critical("bridge_failed", what=context["message"], exc_info=context.get("exception"))
        stop.fail()

    return handler
