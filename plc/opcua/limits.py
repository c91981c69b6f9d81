"""What a peer of the OPC UA server may take.

asyncua bounds chunks, messages and connections. But it waits for as many bytes as a header
announces, whatever the header is, and refuses who comes last: a scanner would fill the memory and
lock the PLC out.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from asyncua.server.binary_server_asyncio import OPCUAProtocol
from prometheus_client import Counter

MOST_CONNECTIONS = 64
KEPT_FREE = 8
LARGEST_CHUNK = 65535
LARGEST_MESSAGE = 1 << 20
ACTIVATION_S = 10.0
"""Longest time from the connection to an activated session."""

ENDED = Counter("referee_bridge_opcua_ended", "OPC UA connections that the bridge ended", ["why"])

_HEADER = struct.Struct("<3scI")  # message type, chunk type, length with these 8 bytes
_TYPES = (b"HEL", b"OPN", b"MSG", b"CLO")


def is_garbled(data: bytes) -> bool:
    """Return whether these bytes are not the beginning of an acceptable chunk."""
    if len(data) < _HEADER.size:
        return False
    message, chunk, length = _HEADER.unpack_from(data)
    return message not in _TYPES or chunk not in b"FCA" or length > LARGEST_CHUNK


def look_after(peers: Sequence[OPCUAProtocol]) -> None:
    """Close connections without OPC UA; if places run out, the oldest without a session."""
    idle, too_many = [], len(peers) - (MOST_CONNECTIONS - KEPT_FREE)
    for peer in tuple(peers):
        if is_garbled(peer._buffer):
            _end(peer, "garbled")
        elif not _has_session(peer):
            idle.append(peer)
    for peer in idle[: max(0, too_many)]:
        _end(peer, "crowded_out")


def _has_session(peer: OPCUAProtocol) -> bool:
    session = peer.processor.session if peer.processor else None
    return session is not None and session.is_activated()


def _end(peer: OPCUAProtocol, why: str) -> None:
    if peer.transport is not None and not peer.transport.is_closing():
        ENDED.labels(why).inc()
        peer.transport.abort()
