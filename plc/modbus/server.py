"""Modbus TCP server: register map v1 on the wire, and how much of the bridge a peer may take.

The PLC is never locked out: a new connection is always accepted. If there are too many, the one
that matters least is closed.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter as Tally
from dataclasses import dataclass

import structlog
from prometheus_client import Counter, Gauge

from plc.fieldbus import Served
from plc.modbus.connection import Connection
from plc.modbus.requests import Answer, ExceptionCode, Requests, refuse

log = structlog.get_logger()

CONNECTIONS = Gauge("referee_bridge_modbus_connections", "Modbus connections that are open")
REFUSED = Counter(
    "referee_bridge_modbus_refused", "Modbus requests answered with an exception", ["exception"]
)
ENDED = Counter("referee_bridge_modbus_ended", "Modbus connections that the bridge ended", ["why"])

BACKLOG = 256  # connections at once that need not dial a second time
SAID_AGAIN_S = 60.0
SOCKET_OPTIONS = {
    (socket.SOL_SOCKET, socket.SO_SNDBUF): 1 << 16,  # bytes of answers, for a peer that reads none
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1,
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): 5,  # s of silence before the first probe
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): 1,  # s between probes
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): 3,
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT): 8000,  # ms for answers that never arrive
}
"""Of every connection. A peer that vanishes without closing it is dropped after 8 s."""


@dataclass(frozen=True)
class Limits:
    """What peers may take. A PLC that changes its heartbeat every 500 ms is far from each."""

    connections: int = 32
    idle_s: float = 60.0
    frame_s: float = 1.0
    """Longest time from the first byte of a frame to its last."""


class ModbusServer:
    """Listens, keeps the connections within their limits, and answers their requests."""

    def __init__(self, served: Served, limits: Limits | None = None) -> None:
        self._address = served.address
        self._stations = served.stations
        self._requests = Requests(served.stations, served.address.protocol)
        self._on_bug = served.on_bug
        self._limits = limits or Limits()
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._said: dict[tuple[str, str], float] = {}
        self._server: asyncio.Server
        self._next_look: asyncio.TimerHandle

    async def serve(self) -> None:
        """Listen until this is cancelled. Raises FatalError if the address cannot be bound."""
        await self._listen()
        try:
            await self._loop.create_future()  # nobody resolves it: connections do the work
        finally:
            self._next_look.cancel()
            self._server.close()
            for connection in tuple(self._open):
                connection.end()

    async def _listen(self) -> None:
        with self._address.listening():
            self._server = await self._loop.create_server(
                lambda: Connection(self, self._answer, self._loop.time),
                self._address.host,
                self._address.port,
                backlog=BACKLOG,
                start_serving=False,
            )
        for listener in self._server.sockets:
            for (level, option), value in SOCKET_OPTIONS.items():
                listener.setsockopt(level, option, value)  # connections inherit it
        await self._server.start_serving()
        self._look()

    # Of the connections: plc.modbus.connection.Connections

    def opened(self, connection: Connection) -> None:
        """Add a connection. If there are too many, close the one that matters least."""
        if len(self._open) >= self._limits.connections:
            self._least_needed().end("crowded_out")
        self._open.add(connection)
        CONNECTIONS.set(len(self._open))

    def closed(self, connection: Connection, why: str = "") -> None:
        """Remove a connection; ``why`` is given if the bridge closed it."""
        if connection not in self._open:
            return
        self._open.remove(connection)
        CONNECTIONS.set(len(self._open))
        for registers in self._stations.images.values():
            registers.left(connection.peer)
        if why:
            ENDED.labels(why).inc()
            self._say("modbus_connection_ended", connection.peer.address, why=why)

    def _answer(self, connection: Connection, unit: int, request: bytes) -> Answer:
        try:
            answer = self._requests.answer(unit, request, connection.peer)
        except Exception:  # answered, and then the end: this is a state that nobody thought of
            log.critical("station_failed", unit=unit, exc_info=True)
            self._on_bug()
            return refuse(request, ExceptionCode.DEVICE_FAILURE)
        if answer.refusal is not None:
            why = answer.refusal.name.lower()
            REFUSED.labels(why).inc()
            self._say("modbus_request_refused", connection.peer.address, why=why, unit=unit)
        return answer

    def _least_needed(self) -> Connection:
        """One that only read, of the peer that holds the most, as a scanner does; the most idle."""
        held = Tally(each.peer.address for each in self._open)
        return min(
            self._open, key=lambda each: (each.wrote, -held[each.peer.address], each.heard_s)
        )

    def _look(self) -> None:
        """Close what is overdue, again and again."""
        now_s, limits = self._loop.time(), self._limits
        for connection in tuple(self._open):
            if why := connection.overdue(now_s, limits.frame_s, limits.idle_s):
                connection.end(why)
        self._next_look = self._loop.call_later(limits.frame_s / 4, self._look)

    def _say(self, event: str, peer: str, *, why: str, **details: object) -> None:
        """Once a minute for each peer and reason: a scanner would fill the disk."""
        now_s = self._loop.time()
        if now_s - self._said.get((peer, why), -SAID_AGAIN_S) < SAID_AGAIN_S:
            return
        self._said = {key: at_s for key, at_s in self._said.items() if now_s - at_s < SAID_AGAIN_S}
        self._said[peer, why] = now_s
        log.warning(event, peer=peer, why=why, **details)
