"""Modbus requests: whatever the bytes are there is one answer, and a refusal changes nothing."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.core.one_writer import ONLY_PEER, Peer
from plc.core.registers import HOLDING_SIZE, INPUT_SIZE
from plc.modbus.connection import LONGEST_FRAME, Garbled, frame_size
from plc.modbus.requests import ExceptionCode, Requests

LONGEST_PDU = LONGEST_FRAME - 7
WORDS = st.integers(0, 0xFFFF)
NEAR = st.one_of(st.integers(0, 50), st.sampled_from([125, 126, 2000, 2001, 65535]))
LISTED = st.sampled_from([1, 2, 3, 4, 5, 6, 15, 16, 22, 23])
RANDOM = st.binary(min_size=1, max_size=LONGEST_PDU)
LIKELY = st.builds(
    lambda function, fields, size, data: (
        struct.pack(f">B{len(fields)}HB", function, *fields, size % 256)[: None if data else -1]
        + data
    ),
    LISTED,
    st.lists(NEAR, max_size=4),
    NEAR,
    st.binary(max_size=30),
)


class Unit1:
    """Stations of which one has a unit id, 1; and the registers of that one."""

    def __init__(self, protocol: str = "modbus") -> None:
        self.protocol = protocol
        self.words = [0] * HOLDING_SIZE
        self.writes = 0

    @property
    def images(self) -> dict[str, Unit1]:
        return {"top": self}

    def of_unit(self, unit: int) -> Unit1 | None:
        return self if unit == 1 else None

    def inputs(self) -> list[int]:
        return list(range(0xA500, 0xA500 + INPUT_SIZE))

    def holding(self) -> list[int]:
        return self.words

    def write(self, words: Sequence[int], peer: Peer = ONLY_PEER) -> None:
        self.words = list(words)
        self.writes += 1

    def check(self, words: Sequence[int], peer: Peer) -> None: ...

    def left(self, peer: Peer) -> None: ...


@given(unit=st.sampled_from([1, 1, 1, 0, 2, 255]), request=st.one_of(RANDOM, LIKELY))
def test_any_bytes_get_one_answer_and_a_refusal_changes_nothing(unit, request):
    units = Unit1()
    answer = Requests(units, "modbus").answer(unit, request)
    assert 2 <= len(answer.pdu) <= LONGEST_PDU
    assert units.writes == int(answer.wrote)
    assert len(units.words) == HOLDING_SIZE
    assert all(0 <= word <= 0xFFFF for word in units.words)
    if answer.refusal is None:
        assert answer.pdu[0] == request[0]
    else:
        assert answer.pdu == bytes([request[0] | 0x80, answer.refusal])
        assert not answer.wrote


@given(address=st.integers(0, 14), values=st.lists(WORDS, min_size=1, max_size=15))
def test_what_is_written_is_read_back_or_refused_whole(address, values):
    units, count = Unit1(), len(values)
    data = struct.pack(f">{count}H", *values)
    requests = Requests(units, "modbus")
    answer = requests.answer(1, struct.pack(">BHHB", 16, address, count, 2 * count) + data)
    if address + count > HOLDING_SIZE:
        assert (answer.refusal, units.words) == (ExceptionCode.ILLEGAL_ADDRESS, [0] * HOLDING_SIZE)
        return
    assert answer.pdu == struct.pack(">BHH", 16, address, count)
    read = requests.answer(1, struct.pack(">BHH", 3, address, count))
    assert read.pdu == bytes([3, 2 * count]) + data


@given(before=WORDS, address=st.integers(0, 15), bits=st.lists(st.booleans(), min_size=1))
def test_coils_are_the_bits_of_register_0(before, address, bits):
    units, count = Unit1(), len(bits)
    units.words[0] = before
    packed = sum(bit << n for n, bit in enumerate(bits)).to_bytes((count + 7) // 8, "little")
    head = struct.pack(">BHHB", 15, address, count, len(packed))
    answer = Requests(units, "modbus").answer(1, head + packed)
    shown = [bool(units.words[0] >> n & 1) for n in range(16)]
    expected = [bool(before >> n & 1) for n in range(16)]
    if address + count <= 16:
        expected[address : address + count] = bits
    assert (shown, answer.wrote) == (expected, address + count <= 16)


REFUSED = {
    "a function of nobody": ("63", 1),
    "diagnostics, listen only": ("0800040000", 1),
    "an answer": ("8401", 1),
    "no register": ("0400000000", 3),
    "126 registers": ("030000007e", 3),
    "2001 bits": ("01000007d1", 3),
    "a request cut short": ("0300", 3),
    "a request too long": ("030000000100", 3),
    "a coil neither on nor off": ("0500001234", 3),
    "fewer bytes than said": ("10000000010400ff", 3),
    "a length that does not fit the count": ("1000000002020001", 3),
    "coils with a byte too many": ("0f0000000102ffff", 3),
    "an input register written": ("06000d0001", 2),
    "a write across the end": ("10000c00020400010001", 2),
    "coils across the end": ("0f000f000201ff", 2),
    "a mask beyond the map": ("16000d0000ffff", 2),
    "a read across the end": ("04002d0002", 2),
    "an exchange that reads across the end": ("17000c00020000000102ffff", 2),
    "an exchange that writes across the end": ("17000000010 00c000204ffffffff".replace(" ", ""), 2),
}


@pytest.mark.parametrize(("request_hex", "code"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_has_the_exception_of_the_specification(request_hex, code):
    units = Unit1()
    request = bytes.fromhex(request_hex)
    answer = Requests(units, "modbus").answer(1, request)
    assert (answer.pdu, units.writes) == (bytes([request[0] | 0x80, code]), 0)


def test_an_exchange_writes_first_and_a_mask_changes_only_its_bits():
    units = Unit1()
    requests = Requests(units, "modbus")
    exchanged = requests.answer(1, bytes.fromhex("170000000200010001021234"))
    assert exchanged.pdu == bytes.fromhex("170400001234")
    assert requests.answer(1, bytes.fromhex("16000100ff5600")).pdu[0] == 22
    assert units.words[1] == 0x1234 & 0x00FF | 0x5600


def test_a_unit_whose_plc_speaks_another_protocol_is_read_and_not_written():
    units = Unit1(protocol="opcua")
    requests = Requests(units, "modbus")
    assert requests.answer(1, bytes.fromhex("0300000001")).refusal is None
    assert requests.answer(1, bytes.fromhex("0600000001")).refusal is ExceptionCode.ILLEGAL_FUNCTION
    assert units.writes == 0


@given(st.binary(max_size=2 * LONGEST_FRAME))
def test_a_buffer_of_the_longest_frame_never_stays_full(data):
    try:
        size = frame_size(data)
    except Garbled:
        return
    assert size <= min(len(data), LONGEST_FRAME)
    assert size or len(data) < LONGEST_FRAME
