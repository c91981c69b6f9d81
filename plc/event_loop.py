"""The bridge's event loop: runs its fieldbuses, its clock, and publishes its state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from contracts.errors import FatalError
from contracts.process_state import Status
from plc.bridge import Bridge
from plc.fieldbus import Fieldbus
from runtime.messaging.state import StateBoard
from runtime.process.loop import Stop

log = structlog.get_logger()

_BUSY_TICK_S, _IDLE_TICK_S = 0.01, 0.05
_FOLLOW_EVERY_S, _PUBLISH_EVERY_S = 0.1, 0.5


async def run_bridge(
    bridge: Bridge, fieldbuses: Mapping[str, Fieldbus], board: StateBoard, stop: Stop
) -> None:
    """Serve until ``stop``. Raises FatalError if a fieldbus cannot bind its address."""
    asyncio.get_running_loop().set_exception_handler(_fail(stop))
    servers = [asyncio.create_task(each.serve(), name=name) for name, each in fieldbuses.items()]
    follow_s = publish_s = 0.0
    try:
        while not stop.is_set():
            now_s = time.monotonic()
            if now_s >= follow_s:
                bridge.follow_all()
                follow_s = now_s + _FOLLOW_EVERY_S
            if now_s >= publish_s:
                board.publish(status_of(bridge))
                publish_s = now_s + _PUBLISH_EVERY_S
            bridge.tick()
            _raise_what_ended(servers)
            await asyncio.sleep(_BUSY_TICK_S if bridge.is_busy else _IDLE_TICK_S)
    finally:
        for server in servers:
            server.cancel()
        await asyncio.gather(*servers, return_exceptions=True)


def _raise_what_ended(servers: Sequence[asyncio.Task[None]]) -> None:
    """A fieldbus serves until it is cancelled: without it, no PLC would hear of its parts."""
    for server in servers:
        if server.done():
            server.result()
            raise FatalError(f"the fieldbus {server.get_name()} stopped serving by itself")


def status_of(bridge: Bridge) -> Status:
    """Return the bridge's status. It is ready when every station takes triggers."""
    troubles = bridge.troubles()
    return Status(
        ready=not troubles,
        stations=tuple(bridge.members),
        troubles=troubles,
        releases=bridge.release_ids(),
        phases=bridge.phases(),
        recipes=bridge.recipes(),
        sequences=bridge.sequences(),
        conditions=bridge.conditions(),
        roster_id=bridge.roster_id,
    )


def _fail(stop: Stop) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Return a handler that ends the process on an unexpected error; the journal goes on."""

    def handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        log.critical("bridge_failed", what=context["message"], exc_info=context.get("exception"))
        stop.fail()

    return handler
