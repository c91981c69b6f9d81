"""One Modbus TCP connection: frames in, answers out in the order of their requests.

A stream that is out of step stays so, and a peer that waits for an answer to it would wait for
ever: what is no frame ends the connection, and the peer dials again.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from itertools import count
from typing import Protocol, cast

from contracts.errors import RefereeError
from contracts.fieldbus import plain_address
from plc.core.one_writer import Peer
from plc.modbus.requests import Answer

LONGEST_FRAME = 260
_HEADER = struct.Struct(">HHHB")  # transaction, protocol (0), length of what follows, unit
_LENGTH_ENDS = 6
_SHORTEST, _LONGEST = 2, LONGEST_FRAME - _LENGTH_ENDS
"""Least and greatest length field: unit and function code; the longest frame."""


class Garbled(RefereeError):
    """Raised for bytes that are not the beginning of a frame."""


def frame_size(data: bytes) -> int:
    """Return the size of the frame at the start of ``data``, 0 if incomplete. Raises Garbled."""
    if len(data) < _LENGTH_ENDS:
        return 0
    protocol, length = struct.unpack_from(">HH", data, 2)
    if protocol or not _SHORTEST <= length <= _LONGEST:
        raise Garbled
    size = _LENGTH_ENDS + int(length)
    return size if size <= len(data) else 0


class Connections(Protocol):
    """Is called when a connection begins and when it ends."""

    def opened(self, connection: Connection) -> None: ...

    def closed(self, connection: Connection, why: str = "") -> None: ...


class Connection(asyncio.BufferedProtocol):
    """One peer. Reads at most one frame's length at a time, so that no peer blocks the event loop.

    ``wrote`` says whether it ever wrote to a station, as a PLC does; ``heard_s`` when its last
    request came, on the event loop's clock.
    """

    _numbers = count(1)

    def __init__(
        self,
        connections: Connections,
        answer: Callable[[Connection, int, bytes], Answer],
        clock_s: Callable[[], float],
    ) -> None:
        self._connections = connections
        self._answer = answer
        self._clock_s = clock_s
        self._buffer = bytearray(LONGEST_FRAME)
        self._filled = 0
        self._frame_began_s = self.heard_s = clock_s()
        self._transport: asyncio.Transport
        self.wrote = False
        self.peer = Peer("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the new connection."""
        self._transport = cast(asyncio.Transport, transport)
        address = transport.get_extra_info("peername")  # None where it is gone already
        named = plain_address(address[0]) if address else "unknown"
        self.peer = Peer(named, next(self._numbers))
        self._connections.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Unregister the connection."""
        self._connections.closed(self)

    def pause_writing(self) -> None:
        """Close the connection of a peer that does not read its answers."""
        self.end("unread")

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go. Never empty: a full buffer is a frame, or garbled."""
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Answer every frame that is complete now."""
        data, answers = bytes(self._buffer[: self._filled + nbytes]), bytearray()
        try:
            while size := frame_size(data):
                answers += self._answered(data[:size])
                data = data[size:]
        except Garbled:
            self._send(answers)
            self.end("garbled")
            return
        self._send(answers)
        if answers or not self._filled:
            self._frame_began_s = self._clock_s()
        self._buffer[: len(data)], self._filled = data, len(data)

    def overdue(self, now_s: float, frame_s: float, idle_s: float) -> str:
        """Return why the connection is overdue, "unfinished" or "idle"; empty if it is not."""
        if self._filled and now_s - self._frame_began_s > frame_s:
            return "unfinished"
        return "idle" if now_s - self.heard_s > idle_s else ""

    def end(self, why: str = "") -> None:
        """Close the connection at once."""
        self._transport.abort()
        self._connections.closed(self, why)

    def _answered(self, frame: bytes) -> bytes:
        transaction, _, _, unit = _HEADER.unpack_from(frame)
        answer = self._answer(self, unit, frame[_HEADER.size :])
        self.heard_s = self._clock_s()
        self.wrote = self.wrote or answer.wrote
        return _HEADER.pack(transaction, 0, len(answer.pdu) + 1, unit) + answer.pdu

    def _send(self, answers: bytearray) -> None:
        if answers:
            self._transport.write(answers)
