"""One Modbus request and its answer, by the Modbus application protocol 1.1b3. No sockets.

Whatever the bytes are, there is an answer; a request that is refused has changed nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from contracts.errors import RefereeError
from plc.core.one_writer import ONLY_PEER, Peer, Refusal, WriteRefused
from plc.core.registers import HOLDING_SIZE
from plc.fieldbus import Registers, Stations

MOST_BITS_READ, MOST_WORDS_READ = 2000, 125
MOST_BITS_WRITTEN, MOST_WORDS_WRITTEN, MOST_WORDS_EXCHANGED = 1968, 123, 121
COIL_ON, COIL_OFF = 0xFF00, 0x0000
WORD_BITS = 16

READS = (1, 2, 3, 4)
WRITES = (5, 6, 15, 16, 22, 23)


class ExceptionCode(IntEnum):
    """Modbus exception codes that the bridge answers with."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4
    DEVICE_BUSY = 6
    NO_SUCH_UNIT = 11


NOT_THIS_WRITER = {
    Refusal.NOT_A_PEER: ExceptionCode.ILLEGAL_FUNCTION,
    Refusal.SECOND_WRITER: ExceptionCode.DEVICE_BUSY,
    Refusal.BOOT_ID_JUMP: ExceptionCode.ILLEGAL_VALUE,
}


class Answer(NamedTuple):
    """The answer to one request. ``refusal`` is None if the request was carried out."""

    pdu: bytes
    refusal: ExceptionCode | None = None
    wrote: bool = False


class RequestRefused(RefereeError):
    """The request cannot be carried out."""

    def __init__(self, refusal: ExceptionCode) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal


def refuse(request: bytes, refusal: ExceptionCode) -> Answer:
    """Return the answer to a request that is refused."""
    return Answer(bytes((request[0] | 0x80, refusal)), refusal)


class Requests:
    """Answers requests from the stations: a read sees one moment, a write is one event."""

    def __init__(self, stations: Stations, protocol: str) -> None:
        """``protocol`` is this server's: only PLCs that speak it may write."""
        self._stations = stations
        self._protocol = protocol

    def answer(self, unit: int, request: bytes, peer: Peer = ONLY_PEER) -> Answer:
        """Carry out a request of a peer: a function code and its data, at least one byte."""
        function, data = request[0], request[1:]
        try:
            registers = self._stations.of_unit(unit)
            if registers is None:
                raise RequestRefused(ExceptionCode.NO_SUCH_UNIT)
            if function in READS:
                return Answer(request[:1] + _read(registers, function, data))
            if function in WRITES and registers.protocol == self._protocol:
                return Answer(request[:1] + _write(registers, function, data, peer), wrote=True)
            raise RequestRefused(ExceptionCode.ILLEGAL_FUNCTION)
        except RequestRefused as refused:
            return refuse(request, refused.refusal)
        except WriteRefused as refused:
            return refuse(request, NOT_THIS_WRITER[refused.why])


def _read(registers: Registers, function: int, data: bytes) -> bytes:
    address, count = _fields(">HH", data)
    words = registers.holding() if function in (1, 3) else registers.inputs()
    if function in (1, 2):
        return _bits_out(words[0], address, count)
    return _words_out(words, address, count)


def _write(registers: Registers, function: int, data: bytes, peer: Peer) -> bytes:
    if function == 23:
        return _exchange(registers, data, peer)
    words = list(registers.holding())
    written = _coils_written if function in (5, 15) else _words_written
    registers.write(written(words, function, data), peer)
    return data[:4] if function in (15, 16) else data


def _exchange(registers: Registers, data: bytes, peer: Peer) -> bytes:
    """A write, then a read of the same registers. Both are checked before either is done."""
    read_at, read_count, *write = _fields(">HHHHB", data[:9])
    words = list(registers.holding())
    _words_out(words, read_at, read_count)
    registers.write(_with_words(words, write, data[9:], MOST_WORDS_EXCHANGED), peer)
    return _words_out(registers.holding(), read_at, read_count)


def _words_written(words: list[int], function: int, data: bytes) -> list[int]:
    if function == 16:
        return _with_words(words, _fields(">HHB", data[:5]), data[5:], MOST_WORDS_WRITTEN)
    if function == 22:
        address, keep, put = _fields(">HHH", data)
        _check_range(address, 1, HOLDING_SIZE)
        words[address] = words[address] & keep | put & ~keep
    else:
        address, value = _fields(">HH", data)
        _check_range(address, 1, HOLDING_SIZE)
        words[address] = value
    return words


def _coils_written(words: list[int], function: int, data: bytes) -> list[int]:
    if function == 15:
        address, count, size = _fields(">HHB", data[:5])
        _check_count(count, MOST_BITS_WRITTEN)
        _check_size(size, (count + 7) // 8, data[5:])
        bits = int.from_bytes(data[5:], "little")
    else:
        address, value = _fields(">HH", data)
        if value not in (COIL_ON, COIL_OFF):
            raise RequestRefused(ExceptionCode.ILLEGAL_VALUE)
        count, bits = 1, int(value == COIL_ON)
    _check_range(address, count, WORD_BITS)
    mask = (1 << count) - 1
    words[0] = words[0] & ~(mask << address) | (bits & mask) << address
    return words


def _with_words(words: list[int], span: Sequence[int], data: bytes, most: int) -> list[int]:
    """``span``: address, count, and how many bytes the request says that it brings."""
    address, count, size = span
    _check_count(count, most)
    _check_size(size, 2 * count, data)
    _check_range(address, count, HOLDING_SIZE)
    words[address : address + count] = struct.unpack(f">{count}H", data)
    return words


def _words_out(words: Sequence[int], address: int, count: int) -> bytes:
    _check_count(count, MOST_WORDS_READ)
    _check_range(address, count, len(words))
    return struct.pack(f">B{count}H", 2 * count, *words[address : address + count])


def _bits_out(word: int, address: int, count: int) -> bytes:
    _check_count(count, MOST_BITS_READ)
    _check_range(address, count, WORD_BITS)
    size = (count + 7) // 8
    bits = word >> address & (1 << count) - 1
    return bytes((size,)) + bits.to_bytes(size, "little")


def _fields(layout: str, data: bytes) -> tuple[int, ...]:
    """Return the fields of a request. Raises RequestRefused if its length is not the function's."""
    if len(data) != struct.calcsize(layout):
        raise RequestRefused(ExceptionCode.ILLEGAL_VALUE)
    return struct.unpack(layout, data)


def _check_count(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise RequestRefused(ExceptionCode.ILLEGAL_VALUE)


def _check_size(said: int, due: int, data: bytes) -> None:
    if not said == due == len(data):
        raise RequestRefused(ExceptionCode.ILLEGAL_VALUE)


def _check_range(address: int, count: int, size: int) -> None:
    if address + count > size:
        raise RequestRefused(ExceptionCode.ILLEGAL_ADDRESS)
