"""Register map v1 on the wire: pymodbus's client and mbpoll, a program we did not write."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from pymodbus.client import ModbusTcpClient

from contracts.causes import Cause, Decision
from plc.core.registers import INPUT_REGISTERS, INPUT_SIZE, decode
from tests.contract.plc.plc_line import PlcLine, plc_line, release
from tests.waiting import PATIENCE_S

READY, RUNNING = 2, 3
BUSY = 1 << 7


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    with plc_line(tmp_path_factory.mktemp("modbus"), ["top", "side"]) as surroundings:
        surroundings.configure(release("top", deadline_ms=5000))
        surroundings.configure(release("side", deadline_ms=5000, plc_unit=7))
        surroundings.start_bridge()
        until(lambda: surroundings.state is not None and bool(surroundings.state.releases))
        yield surroundings


@pytest.fixture
def client(line: PlcLine):
    peer = ModbusTcpClient("127.0.0.1", port=line.modbus_port, timeout=2, retries=0)
    assert peer.connect()
    yield peer
    peer.close()


def until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.02)


def inputs(client: ModbusTcpClient, unit: int = 1) -> dict[str, float]:
    reply = client.read_input_registers(0, count=INPUT_SIZE, device_id=unit)
    assert not reply.isError()
    return decode(INPUT_REGISTERS, reply.registers)


def mbpoll(line: PlcLine, *options: str, values: tuple[str, ...] = ()) -> str:
    """One request of mbpoll on unit 1, addresses from 0, high word first."""
    command = ["mbpoll", "-m", "tcp", "-p", str(line.modbus_port), "-0", "-B", "-1", "-a", "1"]
    done = subprocess.run(
        [*command, *options, "127.0.0.1", *values], capture_output=True, text=True, timeout=10
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shown(output: str) -> list[int]:
    """The values that mbpoll printed."""
    return [int(value, 0) for value in re.findall(r"^\[\d+\]:\s+(\S+)", output, re.MULTILINE)]


@pytest.mark.parametrize("unit", [0, 2, 247])
def test_unknown_units_are_answered_with_gateway_no_response(client, unit):
    assert client.read_input_registers(0, count=1, device_id=unit).exception_code == 0x0B
    assert client.write_register(6, 1, device_id=unit).exception_code == 0x0B


@pytest.mark.parametrize("address", [13, 32, 1000])
def test_writes_beyond_the_map_are_illegal_addresses_and_change_nothing(client, address):
    before = client.read_holding_registers(0, count=13, device_id=7).registers
    assert client.write_registers(address, [1], device_id=7).exception_code == 2
    assert client.write_registers(12, [1, 1], device_id=7).exception_code == 2
    assert client.write_coil(16, True, device_id=7).exception_code == 2
    assert client.read_holding_registers(0, count=13, device_id=7).registers == before


def test_reads_beyond_the_map_are_illegal_addresses(client):
    assert client.read_input_registers(INPUT_SIZE, count=1, device_id=1).exception_code == 2
    assert client.read_input_registers(40, count=10, device_id=1).exception_code == 2
    assert client.read_discrete_inputs(16, count=1, device_id=1).exception_code == 2


def test_bits_alias_register_0(client):
    client.write_coils(0, [True, False, True], device_id=7)
    assert client.read_holding_registers(0, count=1, device_id=7).registers == [0b101]
    assert client.read_coils(0, count=4, device_id=7).bits[:4] == [True, False, True, False]
    status = client.read_input_registers(0, count=1, device_id=7).registers[0]
    bits = client.read_discrete_inputs(0, count=15, device_id=7).bits[:15]
    assert bits == [bool(status >> bit & 1) for bit in range(15)]
    client.write_register(0, 0, device_id=7)


def test_a_station_that_met_no_plc_guards_and_says_what_is_missing(client):
    words = inputs(client, 7)
    assert (words["canary"], words["map_version"], words["mode"]) == (0x12345678, 1, 1)
    assert words["error_code"] == 2  # no resync yet


def test_mbpoll_does_a_whole_handshake(line):
    line.decide = lambda trigger, rng: (Decision.PASS, 0.05)
    assert shown(mbpoll(line, "-t", "3:int", "-r", "4")) == [0x12345678]
    mbpoll(line, "-t", "4", "-r", "12", values=("77",))  # boot id: a new epoch from 0
    mbpoll(line, "-t", "4", "-r", "0", values=("7",))  # running, triggers and buffer enabled
    until(lambda: shown(mbpoll(line, "-t", "3", "-r", "28"))[0] == RUNNING)
    mbpoll(line, "-t", "4:int", "-r", "2", values=("4711",))  # part id
    mbpoll(line, "-t", "4", "-r", "6", values=("1",))  # the trigger
    until(lambda: shown(mbpoll(line, "-t", "3", "-r", "13"))[0] == 1)  # a pass
    assert shown(mbpoll(line, "-t", "3:int", "-r", "9")) == [4711]
    assert shown(mbpoll(line, "-t", "3", "-r", "24", "-c", "2")) == [0, 0]
    mbpoll(line, "-t", "4", "-r", "7", values=("1",))  # acknowledged
    until(lambda: shown(mbpoll(line, "-t", "3", "-r", "24", "-c", "2")) == [1, 1])
    until(lambda: any(d.part_id == 4711 for d in line.ledger.values()))
    (disposed,) = [d for d in line.ledger.values() if d.part_id == 4711]
    assert disposed.decision is Decision.PASS
    assert disposed.started_at.monotonic_ns < disposed.verdict_arrived_at.monotonic_ns
    assert disposed.verdict_arrived_at.monotonic_ns < disposed.presented_at.monotonic_ns
    assert disposed.presented_at.monotonic_ns < disposed.acknowledged_at.monotonic_ns


def test_a_bridge_killed_before_the_answer_resumes_numbering_and_gives_no_pass(line, client):
    line.decide = lambda trigger, rng: (Decision.PASS, 0.02)
    client.write_registers(0, [7, 1], device_id=7)
    client.write_register(12, 9, device_id=7)
    client.write_registers(2, [0, 50, 0, 0, 1], device_id=7)
    until(lambda: inputs(client, 7)["verdict"] == 1)
    before = inputs(client, 7)["bridge_boot_id"]
    line.end_bridge(signal.SIGKILL)
    line.start_bridge()
    client.close()
    until(lambda: client.connect() and not _error(client))
    assert client.read_holding_registers(0, count=13, device_id=7).registers == [0] * 13
    client.write_registers(0, [7, 1, 0, 50, 0, 0, 3, 1, 0, 0, 0, 0, 9], device_id=7)
    until(lambda: inputs(client, 7)["trigger_echo"] == 3)
    words = inputs(client, 7)
    assert words["bridge_boot_id"] != before
    assert (words["ack_echo"], words["ack_state"]) == (1, 2)  # too late for the one from before
    assert (words["inspected"], words["timeouts"], words["missed"]) == (3, 1, 2)


def test_a_verdict_that_came_as_the_bridge_was_killed_is_in_the_ledger(line, client):
    """A verdict that is acknowledged before it is on disk is lost in between."""
    line.decide = lambda trigger, rng: (Decision.PASS, 0.3)
    client.write_registers(0, [7, 2, 0, 51, 0, 0, 4], device_id=7)
    until(lambda: inputs(client, 7)["trigger_echo"] == 4)
    with closing(sqlite3.connect(line.folder / "bridge.sqlite", isolation_level=None)) as intruder:
        intruder.execute("BEGIN IMMEDIATE")  # the journal cannot write
        until(lambda: not int(inputs(client, 7)["status"]) & BUSY)  # the verdict is there
        line.end_bridge(signal.SIGKILL)
    line.start_bridge()
    until(lambda: any(d.part_id == 51 and d.late_verdict_id for d in line.ledger.values()))
    (disposed,) = (each for each in line.ledger.values() if each.part_id == 51)
    assert (disposed.decision, disposed.cause) == (Decision.NO_VERDICT, Cause.BRIDGE_RESTART)
    assert disposed.late_verdict_id == line.answers[str(disposed.part)].verdict_id


def _error(client: ModbusTcpClient) -> bool:
    return client.read_input_registers(0, count=1, device_id=7).isError()


def test_dispositions_are_told_again_until_storage_has_them(line):
    untold = "SELECT count(*) FROM dispositions WHERE stored < revision"
    path = Path(line.folder) / "bridge.sqlite"
    with sqlite3.connect(path) as database:
        until(lambda: database.execute(untold).fetchone() == (0,))
