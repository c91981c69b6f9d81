"""What a peer of the Modbus server may take: short limits, real sockets, a station that only keeps
its registers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from contracts.errors import FatalError
from plc.core.one_writer import ONLY_PEER, Peer
from plc.core.registers import HOLDING_SIZE, INPUT_SIZE
from plc.fieldbus import Address, Served
from plc.modbus.server import Limits, ModbusServer
from tests.contract.plc.modbus_peers import ANSWER_ONE, READ_ONE, answers, dial, ended, frame, takes
from tests.servers import free_port
from tests.waiting import until

WRITE = frame(bytes.fromhex("0600010001"))
WRITTEN = len(WRITE)
SCANNER, SECOND_SCANNER = "127.0.0.2", "127.0.0.3"
ESTABLISHED, KEEPALIVE_TIMER, TICKS_PER_S = "01", "02", 100


class Unit1:
    """Stations of which one has a unit id, 1; and the registers of that one. ``broken`` ones
    fail."""

    broken = False
    protocol = "modbus"

    @property
    def images(self) -> dict[str, Unit1]:
        return {"top": self}

    def of_unit(self, unit: int) -> Unit1 | None:
        return self if unit == 1 else None

    def inputs(self) -> Sequence[int]:
        if self.broken:
            raise ZeroDivisionError
        return [0] * INPUT_SIZE

    def holding(self) -> Sequence[int]:
        return [0] * HOLDING_SIZE

    def write(self, words: Sequence[int], peer: Peer = ONLY_PEER) -> None: ...

    def check(self, words: Sequence[int], peer: Peer) -> None: ...

    def left(self, peer: Peer) -> None: ...


def of(port: int, units: Unit1, on_bug: Callable[[], object]) -> Served:
    return Served(units, Address("modbus", "127.0.0.1", port), "urn:referee:test", on_bug)


async def _serve_once(port: int) -> None:
    await ModbusServer(of(port, Unit1(), print)).serve()


def listens(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError):
        dial(port).close()
        return True
    return False


@contextlib.contextmanager
def server(
    limits: Limits, units: Unit1 | None = None, on_bug: Callable[[], object] = lambda: None
) -> Iterator[int]:
    """The port that it serves."""
    loop, port = asyncio.new_event_loop(), free_port()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def do(work):  # in the loop's thread
        return asyncio.run_coroutine_threadsafe(work, loop).result(5)

    async def served() -> None:
        await ModbusServer(of(port, units or Unit1(), on_bug), limits).serve()

    serving = asyncio.run_coroutine_threadsafe(served(), loop)
    until(lambda: serving.done() or listens(port))
    try:
        yield port
    finally:
        serving.cancel()
        do(asyncio.sleep(0))  # the server has closed its connections once this has run
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def served(peer: socket.socket) -> bool:
    return answers(peer, frame(READ_ONE), ANSWER_ONE) is not None


def test_an_idle_connection_is_ended_and_one_that_polls_is_not():
    with server(Limits(idle_s=2.0, frame_s=0.2)) as port, dial(port) as idle, dial(port) as polls:
        assert served(idle)
        began_s = time.monotonic()
        while time.monotonic() - began_s < 3.0:
            assert served(polls)
            time.sleep(0.05)
        assert ended(idle)


def test_a_frame_that_stays_unfinished_ends_its_connection_byte_by_byte_too():
    with server(Limits(frame_s=0.2)) as port, dial(port) as peer, dial(port) as slow:
        peer.sendall(frame(READ_ONE)[:9])
        began_s = time.monotonic()
        assert ended(peer)
        assert time.monotonic() - began_s > 0.2
        for byte in frame(READ_ONE):
            takes(slow, bytes([byte]))
            time.sleep(0.05)
        assert not served(slow)


def test_a_frame_in_pieces_is_answered():
    with server(Limits()) as port, dial(port) as peer:
        for byte in frame(READ_ONE):
            peer.sendall(bytes([byte]))
        assert answers(peer, b"", ANSWER_ONE) is not None


def test_who_wrote_stays_and_who_holds_most_goes():
    with server(Limits(connections=6)) as port, dial(port) as plc, dial(port) as display:
        assert answers(plc, WRITE, WRITTEN) == WRITE
        assert served(display)
        scanner = [dial(port, source=SCANNER) for _ in range(20)]
        with dial(port, source=SECOND_SCANNER) as late:
            assert served(late)
            assert served(plc)
            assert served(display)
        assert sum(served(peer) for peer in scanner) == 3
        for peer in scanner:
            peer.close()


def test_who_wrote_stays_where_many_peers_dial_once():
    with server(Limits(connections=3)) as port, dial(port) as plc:
        assert answers(plc, WRITE, WRITTEN) == WRITE
        scanners = [dial(port, source=f"127.0.1.{n}") for n in range(1, 11)]
        assert served(scanners[-1])  # so all of them were taken
        assert [served(peer) for peer in scanners] == [False] * 8 + [True] * 2
        assert served(plc)
        for peer in scanners:
            peer.close()


def test_a_plc_gets_in_where_all_places_are_taken_by_writers():
    with server(Limits(connections=3)) as port:
        writers = [dial(port) for _ in range(3)]
        assert all(answers(peer, WRITE, WRITTEN) for peer in writers)
        with dial(port, source=SCANNER) as plc:
            assert answers(plc, WRITE, WRITTEN) == WRITE
            assert [served(peer) for peer in writers] == [False, True, True]
        for peer in writers:
            peer.close()


def test_the_kernel_looks_after_a_silent_peer_within_seconds():
    with server(Limits()) as port, dial(port) as peer:
        assert served(peer)
        until(lambda: bool(keepalive_due_s(port)))
        (due_s,) = keepalive_due_s(port)
        assert due_s <= 5


def test_a_bug_is_answered_and_reported():
    reported, units = threading.Event(), Unit1()
    units.broken = True
    with server(Limits(), units, reported.set) as port, dial(port) as peer:
        assert answers(peer, frame(READ_ONE), 9) == frame(b"\x84\x04")
    assert reported.is_set()


def test_an_address_that_is_taken_is_fatal():
    with server(Limits()) as port, pytest.raises(FatalError, match=str(port)):
        asyncio.run(_serve_once(port))


def keepalive_due_s(port: int) -> list[float]:
    """Of each connection on a local port: in how long the kernel looks whether its peer lives."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = [row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == ESTABLISHED]
    timers = [row[5].split(":") for row in ours]
    return [int(left, 16) / TICKS_PER_S for kind, left in timers if kind == KEEPALIVE_TIMER]
