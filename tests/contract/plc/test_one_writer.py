"""One PLC writes to a station, whatever else dials the bridge, and whatever loses its power."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymodbus.client import ModbusTcpClient

from contracts.causes import Cause, Decision
from plc.core.registers import HOLDING_REGISTERS, HOLDING_SIZE, INPUT_REGISTERS, INPUT_SIZE
from plc.core.registers import decode as decoded
from plc.core.registers import encode as encoded
from tests.contract.plc.modbus_peers import RUN, Plc
from tests.contract.plc.plc_line import PlcLine, plc_line, release
from tests.waiting import until

NOT_ALLOWED, BAD_VALUE, BUSY = 1, 3, 6
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"


@pytest.fixture
def line(tmp_path: Path) -> Iterator[PlcLine]:
    with plc_line(tmp_path, ["top"]) as made:
        made.configure(release("top", deadline_ms=5000))
        made.decide = lambda trigger, rng: (Decision.PASS, 0.02)
        yield made


def started(line: PlcLine, **settings: str) -> PlcLine:
    line.bridge_settings = settings
    line.state = None
    line.start_bridge()
    until(lambda: line.state is not None and bool(line.state.releases))
    return line


@contextmanager
def client(line: PlcLine, address: str = HERE) -> Iterator[ModbusTcpClient]:
    """A Modbus client on a machine of its own."""
    made = ModbusTcpClient(
        "127.0.0.1", port=line.modbus_port, timeout=2, retries=0, source_address=(address, 0)
    )
    until(made.connect)
    try:
        yield made
    finally:
        made.close()


def write(peer: ModbusTcpClient, **values: int) -> int:
    """Write all holding registers; return the exception code, 0 if they were taken."""
    words = encoded(HOLDING_REGISTERS, HOLDING_SIZE, {"control": RUN, **values})
    reply = peer.write_registers(0, words, device_id=1)
    return reply.exception_code if reply.isError() else 0


def read(peer: ModbusTcpClient) -> dict[str, float]:
    reply = peer.read_input_registers(0, count=INPUT_SIZE, device_id=1)
    assert not reply.isError()
    return decoded(INPUT_REGISTERS, reply.registers)


@pytest.mark.parametrize("address", [HERE, ELSEWHERE])
def test_a_second_master_announces_no_part_and_reads_everything(line, address):
    started(line)
    with Plc(line.modbus_port) as plc, client(line, address) as second:
        for number in range(1, 6):
            plc.part_s()
            assert write(second, trigger_seq=number + 1, part_id=9000 + number) == BUSY
            assert write(second, trigger_seq=40_000, command=1) == BUSY
            assert second.write_coil(1, False, device_id=1).exception_code == BUSY
            assert read(second)["trigger_echo"] == number
        assert second.read_holding_registers(6, count=1, device_id=1).registers == [5]
        until(lambda: len(line.ledger) == 5)
        assert plc.failures == 0
    assert {d.decision for d in line.ledger.values()} == {Decision.PASS}
    assert len({d.part.epoch for d in line.ledger.values()}) == 1


def test_a_second_client_that_writes_a_boot_id_once_changes_nothing_and_is_told_of(line):
    started(line)
    with Plc(line.modbus_port) as plc, client(line, ELSEWHERE) as second:
        plc.part_s()
        assert second.write_register(1, 77, device_id=1).exception_code == BUSY
        assert second.write_register(12, 4242, device_id=1).exception_code == BUSY
        plc.part_s()
        words = plc.seen
        assert (words["inspected"], words["missed"], words["phase"]) == (2, 0, 3)
    [said] = [each for each in log_of(line) if each["event"] == "plc_write_refused"]
    assert (said["peer"], said["held_by"], said["why"]) == (ELSEWHERE, HERE, "second_writer")
    assert "plc.peers" in said["remedy"]
    until(lambda: f"{ELSEWHERE} refused: {HERE} writes" in alarms(line).get("second_writer", ""))


def test_another_boot_id_on_the_plcs_own_connection_is_not_believed(line):
    started(line)
    with client(line) as plc:
        assert write(plc, plc_boot_id=7, trigger_seq=206) == 0
        assert write(plc, plc_boot_id=8, trigger_seq=206) == BAD_VALUE
        assert plc.read_holding_registers(12, count=1, device_id=1).registers == [7]
        assert write(plc, plc_boot_id=7, trigger_seq=207, part_id=1) == 0
        until(lambda: read(plc)["trigger_echo"] == 207)
        assert read(plc)["missed"] == 0


def test_who_is_not_a_named_peer_may_read_and_not_write(line):
    started(line, REFEREE_PLC_PEERS=f"top={ELSEWHERE}")
    with client(line) as other, client(line, ELSEWHERE) as plc:
        assert write(other, plc_boot_id=7) == NOT_ALLOWED
        assert read(other)["error_code"] == 2
        assert write(plc, plc_boot_id=7) == 0


def test_the_station_is_free_again_after_the_grace(line):
    started(line, REFEREE_PLC_GRACE_MS="500")
    with client(line) as first:
        assert write(first, plc_boot_id=7) == 0
    with client(line, ELSEWHERE) as second:
        assert write(second, plc_boot_id=8) == BUSY
        until(lambda: write(second, plc_boot_id=8) == 0)


@pytest.mark.parametrize(
    ("order", "counter"),
    [("plc", 206), ("plc", 0), ("plc, then bridge", 206), ("bridge, then plc", 0)],
)
def test_after_a_power_cycle_parts_go_on_where_the_counter_stands(line, counter, order):
    line.configure(release("top", deadline_ms=500))
    started(line)
    with client(line) as plc:
        write(plc, plc_boot_id=7, trigger_seq=205)
        write(plc, plc_boot_id=7, trigger_seq=206, part_id=1)
        until(lambda: read(plc)["trigger_echo"] == 206)
        if order == "bridge, then plc":
            line.end_bridge(signal.SIGKILL)
    if order != "plc":
        line.end_bridge(signal.SIGKILL)
        started(line)
    with client(line) as plc:
        assert write(plc, plc_boot_id=8, trigger_seq=counter) == 0
        until(lambda: read(plc)["phase"] == 3)
        assert write(plc, plc_boot_id=8, trigger_seq=counter + 1, part_id=2) == 0
        until(lambda: read(plc)["trigger_echo"] == counter + 1)
    until(lambda: {1, 2} <= {d.part_id for d in line.ledger.values()})
    assert {d.part_id for d in line.ledger.values()} == {1, 2}
    assert Cause.MISSED_TRIGGER not in {d.cause for d in line.ledger.values()}


def test_a_boot_id_that_is_written_after_the_counter_is_no_jump(line):
    started(line)
    with client(line) as plc:
        write(plc, plc_boot_id=7, trigger_seq=206)
    with client(line) as plc:
        assert not plc.write_register(6, 0, device_id=1).isError()
        assert not plc.write_register(12, 8, device_id=1).isError()
        until(lambda: read(plc)["phase"] == 3)
        assert (read(plc)["error_code"], read(plc)["inspected"]) == (0, 0)


def test_function_3_reads_what_the_plc_wrote_and_function_4_what_the_bridge_shows(line):
    started(line)
    with client(line) as plc:
        write(plc, plc_boot_id=7, encoder=0xABCD1234)
        assert plc.read_holding_registers(4, count=2, device_id=1).registers == [0xABCD, 0x1234]
        assert plc.read_input_registers(4, count=2, device_id=1).registers == [0x1234, 0x5678]
        assert plc.read_holding_registers(0, count=INPUT_SIZE, device_id=1).exception_code == 2
        assert plc.read_holding_registers(13, count=1, device_id=1).exception_code == 2
        assert plc.read_input_registers(INPUT_SIZE, count=1, device_id=1).exception_code == 2


def alarms(line: PlcLine) -> dict[str, str]:
    """What the bridge's state says of the station, by code."""
    conditions = line.state.conditions if line.state else ()
    return {each.code: each.detail for each in conditions if each.station == "top"}


def log_of(line: PlcLine) -> list[dict[str, str]]:
    lines = (line.folder / "bridge.log").read_text().splitlines()
    return [json.loads(each) for each in lines if each.startswith("{")]
