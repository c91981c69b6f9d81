"""Peers for the Modbus server: a PLC that behaves, and sockets for those that do not."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import Self

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from plc.core.registers import INPUT_REGISTERS, INPUT_SIZE, decode
from tests.waiting import until

CONTROL, HEARTBEAT, TRIGGER_SEQ, ACK_SEQ, PLC_BOOT_ID = 0, 1, 6, 7, 12
RUN, CLEAR_ERROR = 0b111, 0b10000
RUNNING, FAULT = 3, 5
POLL_S = 0.02
READ_ONE, READ_ALL = bytes.fromhex("0400000001"), bytes.fromhex("040000002e")
"""Function and data of: read input register 0; read all of them."""
ANSWER_ONE, ANSWER_ALL = 11, 101
"""Bytes of the frames that answer them."""


class Plc:
    """Writes all its registers and reads all of the bridge's every 20 ms, from a thread.

    It clears a fault as soon as it sees one, as no operator would.
    ``slowest_s`` is its longest exchange so far, ``failures`` counts those that were not answered.
    """

    def __init__(self, port: int, unit: int = 1, boot_id: int = 77) -> None:
        self._port = port
        self._unit = unit
        self.words = [0] * 13
        self.words[CONTROL], self.words[PLC_BOOT_ID] = RUN, boot_id
        self.seen: dict[str, float] = {}
        self.slowest_s = 0.0
        self.failures = 0
        self.beats = True
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        until(lambda: self.seen.get("phase") == RUNNING)
        self.slowest_s = 0.0  # the first exchange waits for nothing but the scheduler
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def part_s(self) -> float:
        """One part, from its trigger to its acknowledged pass; returns how long that took."""
        seq = self.words[TRIGGER_SEQ] + 1
        self.words[TRIGGER_SEQ] = seq
        began_s = time.monotonic()
        until(lambda: self.seen["seq_head"] == seq and self.seen["verdict"] == 1)
        self.words[ACK_SEQ] = seq
        until(lambda: (self.seen["ack_echo"], self.seen["ack_state"]) == (seq, 1))
        return time.monotonic() - began_s

    def _run(self) -> None:
        client = ModbusTcpClient("127.0.0.1", port=self._port, timeout=2, retries=0)
        with client:
            while not self._over.wait(POLL_S):
                began_s = time.monotonic()
                self._exchange(client)
                self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)

    def _exchange(self, client: ModbusTcpClient) -> None:
        if self.beats:
            self.words[HEARTBEAT] = self.words[HEARTBEAT] + 1 & 0xFFFF
        if self.seen.get("phase") == FAULT:
            self.words[CONTROL] ^= CLEAR_ERROR
        try:
            written = client.write_registers(0, list(self.words), device_id=self._unit)
            reply = client.read_input_registers(0, count=INPUT_SIZE, device_id=self._unit)
        except (ModbusException, OSError):
            self.failures += 1
            client.close()  # it dials again
            return
        if written.isError() or reply.isError():
            self.failures += 1
        else:
            self.seen = decode(INPUT_REGISTERS, reply.registers)


def frame(
    pdu: bytes, transaction: int = 1, *, unit: int = 1, protocol: int = 0, length: int | None = None
) -> bytes:
    """A Modbus TCP frame, or one with a wrong field."""
    length = len(pdu) + 1 if length is None else length
    return struct.pack(">HHHB", transaction, protocol, length, unit) + pdu


def dial(port: int, *, source: str = "127.0.0.1", buffer: int = 0) -> socket.socket:
    """A connection; other loopback addresses are other machines to the bridge.

    ``buffer`` is how many bytes of answers the peer's side holds unread; 0: what is usual.
    """
    peer = socket.socket()
    peer.settimeout(5)
    if buffer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    peer.bind((source, 0))
    peer.connect(("127.0.0.1", port))
    return peer


def answers(peer: socket.socket, data: bytes, size: int) -> bytes | None:
    """The ``size`` bytes that come back; None where the connection ended before that."""
    with contextlib.suppress(ConnectionError):
        peer.sendall(data)
        return received(peer, size)
    return None


def received(peer: socket.socket, size: int) -> bytes | None:
    """The next ``size`` bytes; None where the connection ended before them."""
    came = b""
    while len(came) < size:
        more = peer.recv(size - len(came))
        if not more:
            return None
        came += more
    return came


def takes(peer: socket.socket, data: bytes) -> bool:
    """Whether the connection still takes what is sent on it."""
    try:
        peer.sendall(data)
    except ConnectionError:
        return False
    return True


def ended(peer: socket.socket) -> bool:
    """Whether the bridge has ended the connection; what it sent before is read and forgotten."""
    with contextlib.suppress(ConnectionError):
        while peer.recv(4096):
            pass
    return True


def vanish(peer: socket.socket) -> None:
    """Reset the connection, as a PLC does that has restarted."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
