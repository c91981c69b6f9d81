"""A PLC that behaves is served while others do their worst; the faults of its own have an end."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.causes import Cause, Decision
from plc.modbus.server import SAID_AGAIN_S
from tests.contract.plc.modbus_peers import (
    ANSWER_ALL,
    ANSWER_ONE,
    FAULT,
    READ_ALL,
    READ_ONE,
    RUNNING,
    TRIGGER_SEQ,
    Plc,
    answers,
    dial,
    ended,
    frame,
    takes,
    vanish,
)
from tests.contract.plc.plc_line import PlcLine, plc_line, release
from tests.waiting import PATIENCE_S, until

HANG_S, BACK_S = 10.0, PATIENCE_S
PLC_SILENT = 1


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlcLine]:
    with plc_line(tmp_path_factory.mktemp("faults"), ["top", "side"]) as surroundings:
        surroundings.decide = lambda trigger, rng: (Decision.PASS, 0.02)
        surroundings.configure(release("top", deadline_ms=800))
        surroundings.configure(release("side", deadline_ms=2000, plc_unit=7))
        surroundings.bridge_settings["REFEREE_PLC_STALE_MS"] = "2000"
        surroundings.start_bridge()
        until(lambda: surroundings.state is not None and len(surroundings.state.releases) == 2)
        yield surroundings


BOOT_IDS = iter(range(100, 1000))


@pytest.fixture
def plc(line: PlcLine) -> Iterator[Plc]:
    """Was served all the time, and is at the end."""
    with Plc(line.modbus_port, boot_id=next(BOOT_IDS)) as behaving:
        yield behaving
        assert behaving.part_s() < BACK_S
    assert behaving.failures == 0
    assert behaving.slowest_s < HANG_S


def test_libmodbus_does_a_whole_handshake(line, tmp_path):
    program, source = tmp_path / "libmodbus_plc", Path(__file__).parent / "libmodbus_plc.c"
    compiler = ["cc", "-Wall", "-Werror", "-I/usr/include/modbus", "-o", program, source]
    subprocess.run([*compiler, "-lmodbus"], check=True)
    done = subprocess.run(
        [program, str(line.modbus_port), "7"], capture_output=True, text=True, timeout=20
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "canary=12345678 valid=1 seq=1/1 part=65538 verdict=1",
        "ack_echo=1 ack_state=1",
    ]
    until(lambda: any(part.part_id == 65538 for part in line.ledger.values()))
    (disposed,) = (part for part in line.ledger.values() if part.part_id == 65538)
    assert (disposed.decision, disposed.encoder) == (Decision.PASS, 500)
    assert disposed.verdict_id == line.answers[str(disposed.part)].verdict_id
    assert disposed.acknowledged_at is not None


ANSWERED = {
    "wrong unit": (frame(READ_ONE, unit=9), "840b"),
    "broadcast": (frame(bytes.fromhex("0600060001"), unit=0), "860b"),
    "unknown function": (frame(b"\x63\x00\x00"), "e301"),
    "function 0": (frame(b"\x00"), "8001"),
    "restart option": (frame(bytes.fromhex("0800010000")), "8801"),
    "cut short": (frame(b"\x04\x00"), "8403"),
    "no register": (frame(bytes.fromhex("0400000000")), "8403"),
    "read-only": (frame(bytes.fromhex("06000d0001")), "8602"),
    "read-only result": (frame(bytes.fromhex("10001800020400010001")), "9002"),
    "across the end": (frame(bytes.fromhex("10000c00020400010001")), "9002"),
    "coils across the end": (frame(bytes.fromhex("0f000f000201ff")), "8f02"),
}


def test_what_cannot_be_done_is_answered_and_leaves_the_connection_open(line, plc):
    untouched = answers_on(line, frame(bytes.fromhex("030000000d"), unit=7), 35)
    with dial(line.modbus_port) as peer:
        for name, (request, pdu) in ANSWERED.items():
            reply = answers(peer, request, 9)
            assert reply == request[:4] + b"\x00\x03" + request[6:7] + bytes.fromhex(pdu), name
        assert answers(peer, frame(READ_ONE), ANSWER_ONE) is not None
    assert answers_on(line, frame(bytes.fromhex("030000000d"), unit=7), 35) == untouched


GARBAGE = {
    "another protocol": frame(READ_ONE, protocol=5),
    "length 0": frame(READ_ONE, length=0),
    "no function code": frame(b"", length=1),
    "longer than a frame can be": frame(READ_ONE, length=255),
    "HTTP": b"GET / HTTP/1.1\r\nHost: bridge\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303"),
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_garbage_ends_its_connection_after_what_was_asked_before_it(line, data):
    with dial(line.modbus_port) as peer:
        reply = answers(peer, frame(READ_ONE, 41) + frame(READ_ONE, 42) + data, 2 * ANSWER_ONE)
        assert reply is not None
        assert (reply[:2], reply[11:13]) == (b"\x00\x29", b"\x00\x2a")
        assert ended(peer)


PIECES = st.one_of(
    st.sampled_from([frame(READ_ONE), frame(b"\x63"), frame(READ_ONE)[:5], *GARBAGE.values()]),
    st.builds(
        frame,
        st.one_of(st.binary(max_size=12), st.builds(bytes.__add__, st.just(b"\x04"), st.binary())),
        unit=st.sampled_from([2, 255]),
        length=st.one_of(st.none(), st.integers(0, 300)),
    ),
    st.binary(max_size=300),
)


def test_random_bytes_disturb_nobody(line, plc):
    @settings(max_examples=60, deadline=None)
    @given(st.lists(PIECES, min_size=1, max_size=6))
    def send(pieces: list[bytes]) -> None:
        with dial(line.modbus_port) as peer:
            try:
                for piece in pieces:
                    peer.sendall(piece)
                peer.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was ended in the middle
            assert ended(peer)

    send()


def test_200_connections_lock_no_plc_out(line, plc):
    scanner = [dial(line.modbus_port) for _ in range(200)]
    served = sum(answers(peer, frame(READ_ONE), ANSWER_ONE) is not None for peer in scanner)
    assert 0 < served < 200
    with Plc(line.modbus_port, unit=7, boot_id=next(BOOT_IDS)) as late:
        assert late.part_s() < BACK_S
    assert (late.failures, late.slowest_s < HANG_S) == (0, True)
    for peer in scanner:
        peer.close()
    assert answers_on(line, frame(READ_ONE), ANSWER_ONE) is not None


def test_a_peer_that_asks_all_the_time_takes_its_turn(line, plc):
    flood = b"".join(frame(READ_ALL, n) for n in range(100))
    with dial(line.modbus_port) as peer:
        for _ in range(15):
            reply = answers(peer, flood, 100 * ANSWER_ALL)
            assert reply is not None
            numbers = [reply[at : at + 2] for at in range(0, len(reply), ANSWER_ALL)]
            assert numbers == [flood[at : at + 2] for at in range(0, len(flood), 12)]


def test_a_peer_that_leaves_its_answers_unread_is_ended(line, plc):
    flood = b"".join(frame(READ_ALL, n) for n in range(100))
    with dial(line.modbus_port, buffer=4096) as peer:
        until(lambda: not takes(peer, flood))


def test_a_heartbeat_that_stands_still_is_a_fault_until_it_moves_and_is_cleared(plc):
    plc.beats = False
    until(lambda: (plc.seen["phase"], plc.seen["error_code"]) == (FAULT, PLC_SILENT))
    assert not int(plc.seen["status"]) & 0b10, "trigger_ready"
    plc.beats = True
    began_s = time.monotonic()
    until(lambda: plc.seen["phase"] == RUNNING)
    assert time.monotonic() - began_s < BACK_S


def test_a_plc_that_is_gone_gets_no_pass_and_is_served_when_it_is_back(line):
    epoch, boot_id = known(line), next(BOOT_IDS)
    with Plc(line.modbus_port, boot_id=boot_id) as gone:
        gone.words[TRIGGER_SEQ] = 1
        until(lambda: gone.seen["seq_head"] == 1)
    until(lambda: any(part not in epoch for part in line.ledger))
    (lost,) = (each for part, each in line.ledger.items() if part not in epoch)
    assert (lost.decision, lost.cause) == (Decision.NO_VERDICT, Cause.UNACKNOWLEDGED)
    with Plc(line.modbus_port, boot_id=next(BOOT_IDS)) as back:
        assert back.part_s() < BACK_S


def test_a_plc_that_restarts_beside_its_old_connections_is_served(line, plc):
    """What a power cut leaves: connections that nobody speaks on, some with half a frame."""
    write, busy = frame(bytes.fromhex("0600090000"), unit=7), frame(b"\x86\x06", unit=7)
    left = [dial(line.modbus_port)]
    assert answers(left[0], write, 12) == write
    left += [dial(line.modbus_port) for _ in range(39)]
    for peer in left[1:20]:
        assert answers(peer, write, 9) in (busy, None)  # None: crowded out
    for peer in left[20:]:
        answers(peer, frame(READ_ONE)[:9], 0)
    assert plc.part_s() < BACK_S
    with Plc(line.modbus_port, unit=7, boot_id=next(BOOT_IDS)) as restarted:
        assert restarted.part_s() < BACK_S
    for peer in left:
        vanish(peer)


def test_what_peers_do_wrong_is_said_once(line):
    log = (line.folder / "bridge.log").read_text()
    times = 1 + int(logged_for_s(log) / SAID_AGAIN_S)
    reasons = 4  # garbled, unread, crowded_out, unfinished
    assert 1 <= log.count("modbus_connection_ended") <= reasons * times
    refusals = 5  # illegal function, address and value; no such unit; busy with another writer
    assert 1 <= log.count("modbus_request_refused") <= refusals * times
    assert "Traceback" not in log


def logged_for_s(log: str) -> float:
    """Return the time from the first line of a log to the last, s."""
    lines = log.splitlines()
    first, last = (
        datetime.fromisoformat(json.loads(line)["timestamp"]) for line in (lines[0], lines[-1])
    )
    return (last - first).total_seconds()


def known(line: PlcLine) -> set[str]:
    """Parts that the ledger has already."""
    return set(line.ledger)


def answers_on(line: PlcLine, request: bytes, size: int) -> bytes | None:
    """The answer to one request on a connection of its own."""
    with dial(line.modbus_port) as peer:
        return answers(peer, request, size)
