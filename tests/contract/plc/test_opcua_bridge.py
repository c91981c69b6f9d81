"""The bridge process over OPC UA: node-opcua, a program we did not write, and asyncua's client."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from asyncua import Client, ua
from pymodbus.client import ModbusTcpClient

from contracts.causes import Cause, Decision
from plc.opcua.nodes import NAMESPACE, SHOWN, WRITTEN
from tests.contract.plc.modbus_peers import Plc, dial, ended, takes
from tests.contract.plc.plc_line import ROOT, PlcLine, plc_line, release
from tests.servers import free_port
from tests.waiting import PATIENCE_S

PEER = Path(__file__).parent / "node_opcua" / "plc.cjs"
INSTALLED = ROOT / ".runtime" / "node-opcua" / "node_modules"
PORT = free_port()
URL = f"opc.tcp://127.0.0.1:{PORT}"
HANG_S, BACK_S = 1.0, PATIENCE_S
BOOT_IDS = iter(range(100, 1000))


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    with plc_line(tmp_path_factory.mktemp("opcua"), ["top", "side"]) as surroundings:
        surroundings.configure(release("top", deadline_ms=5000))
        surroundings.configure(release("side", deadline_ms=5000, plc_unit=7))
        surroundings.bridge_settings = {
            "REFEREE_OPCUA_PORT": str(PORT),
            "REFEREE_OPCUA_STATIONS": "top",
        }
        surroundings.decide = lambda trigger, rng: (Decision.PASS, 0.02)
        surroundings.start_bridge()
        until(lambda: surroundings.state is not None and len(surroundings.state.releases) == 2)
        until(_answers)
        yield surroundings


def until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.02)


def test_node_opcua_browses_subscribes_and_acknowledges(line: PlcLine, tmp_path: Path):
    done = subprocess.run(
        ["node", str(PEER), URL, "top", str(tmp_path)],
        env={**os.environ, "NODE_PATH": str(INSTALLED), "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, f"{done.stderr}\n{line.logs()}"
    said = json.loads(done.stdout.splitlines()[-1])  # node-opcua talks before us
    assert {node.name for node in (*WRITTEN, *SHOWN)} | {"AckResult"} == set(said["browsed"])
    assert said["triggered"] == ["Good"] * 3
    result = said["result"]
    assert (result["ResultSeq"], result["PartIdEcho"], result["EncoderEcho"]) == (1, 4711, 123456)
    assert (result["Verdict"], result["Cause"]) == (1, 0)
    assert said["pass"] == said["again"] == {"status": "Good", "state": 1}
    assert said["unknown"] == {"status": "Good", "state": 2}
    assert "BadUserAccessDenied" in said["readOnly"]
    assert said["heard"][-1] == said["ackEcho"] == 1
    until(lambda: any(d.part_id == 4711 for d in line.ledger.values()))
    (disposed,) = [d for d in line.ledger.values() if d.part_id == 4711]
    assert disposed.decision is Decision.PASS
    presented, acknowledged = disposed.presented_at, disposed.acknowledged_at
    assert presented is not None
    assert acknowledged is not None
    assert presented.monotonic_ns < acknowledged.monotonic_ns


def test_a_station_is_driven_by_one_protocol_and_read_by_both(line: PlcLine):
    with ModbusTcpClient("127.0.0.1", port=line.modbus_port, timeout=2, retries=0) as client:
        assert client.write_register(6, 9, device_id=1).exception_code == 1
        assert client.write_coil(3, True, device_id=1).exception_code == 1
        assert client.read_input_registers(4, count=2, device_id=1).registers == [0x1234, 0x5678]
        assert not client.write_register(3, 9, device_id=7).isError()
    asyncio.run(_side_is_read_only())


GARBAGE = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: bridge\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303"),
    "longer than a chunk can be": b"MSGF" + (1 << 31).to_bytes(4, "little"),
    "empty": b"HELF" + (8).to_bytes(4, "little"),
}


@pytest.fixture
def modbus_plc(line: PlcLine):
    """A PLC on the other protocol is served all the time."""
    with Plc(line.modbus_port, unit=7, boot_id=next(BOOT_IDS)) as behaving:
        yield behaving
        assert behaving.part_s() < BACK_S
    assert (behaving.failures, behaving.slowest_s < HANG_S) == (0, True)


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_garbage_ends_its_connection(line: PlcLine, modbus_plc, data: bytes):
    with dial(PORT) as peer:
        peer.sendall(data)
        assert ended(peer)
    assert _answers()


def test_a_message_without_end_is_not_waited_for(line: PlcLine, modbus_plc):
    with dial(PORT) as peer:
        peer.sendall(b"MSGF" + (1 << 31).to_bytes(4, "little"))
        until(lambda: not takes(peer, bytes(1 << 16)))
    assert _answers()


def test_200_connections_lock_no_plc_out(line: PlcLine, modbus_plc):
    scanner = [dial(PORT) for _ in range(200)]
    until(_answers, BACK_S)
    for peer in scanner:
        peer.close()
    assert _answers()


async def _side_is_read_only() -> None:
    async with Client(URL) as client:
        namespace = await client.get_namespace_index(NAMESPACE)
        side = client.get_node(ua.NodeId("side.Inspection", namespace))
        part_id = await side.get_child(f"{namespace}:PartId")
        assert await part_id.read_value() == 9  # what Modbus wrote
        with pytest.raises(ua.UaStatusCodeError) as refused:
            await part_id.write_value(1, ua.VariantType.UInt32)
        assert refused.value.code == ua.StatusCodes.BadUserAccessDenied
        with pytest.raises(ua.UaStatusCodeError) as refused:
            await side.call_method(f"{namespace}:AckResult", ua.Variant(1, ua.VariantType.UInt16))
        assert refused.value.code == ua.StatusCodes.BadUserAccessDenied


def test_a_killed_bridge_gives_no_pass_for_a_part_of_before(line: PlcLine):
    before = asyncio.run(_present(boot_id=78, part_id=50))
    line.end_bridge(signal.SIGKILL)
    line.start_bridge()
    until(_answers)
    after = asyncio.run(_acknowledge_too_late(boot_id=78))
    assert after["state"] == 2
    assert after["BridgeBootId"] != before
    until(lambda: any(d.part_id == 50 for d in line.ledger.values()))
    (disposed,) = [d for d in line.ledger.values() if d.part_id == 50]
    assert (disposed.decision, disposed.cause) == (Decision.NO_VERDICT, Cause.BRIDGE_RESTART)


def _answers() -> bool:
    async def ask() -> None:
        async with Client(URL, timeout=1):
            pass

    try:
        asyncio.run(ask())
    except (OSError, TimeoutError):
        return False
    return True


async def _present(boot_id: int, part_id: int) -> int:
    """Trigger a part and wait until its pass is shown; nobody acknowledges it."""
    async with Client(URL) as client:
        nodes = await _nodes(client)
        await _write(client, nodes, PlcBootId=boot_id, TriggerSeq=0, TriggerEnable=True)
        await _write(client, nodes, PartId=part_id, TriggerSeq=1)
        while (await nodes["Verdict"].read_value(), await nodes["ResultSeq"].read_value()) != (
            1,
            1,
        ):
            await asyncio.sleep(0.02)
        return await nodes["BridgeBootId"].read_value()


async def _acknowledge_too_late(boot_id: int) -> dict[str, int]:
    async with Client(URL) as client:
        nodes = await _nodes(client)
        assert await nodes["TriggerSeq"].read_value() == 0  # registers come back as zeros
        await _write(client, nodes, PlcBootId=boot_id, TriggerSeq=1, TriggerEnable=True)
        inspection = await nodes["AckSeq"].get_parent()
        method = ua.NodeId("top.Inspection.AckResult", inspection.nodeid.NamespaceIndex)
        state = await inspection.call_method(method, ua.Variant(1, ua.VariantType.UInt16))
        return {"state": state, "BridgeBootId": await nodes["BridgeBootId"].read_value()}


async def _nodes(client: Client) -> dict:
    namespace = await client.get_namespace_index(NAMESPACE)
    return {
        node.name: client.get_node(ua.NodeId(f"top.Inspection.{node.name}", namespace))
        for node in (*WRITTEN, *SHOWN)
    }


async def _write(client: Client, nodes: dict, **values: int | bool) -> None:
    """One Write request."""
    types = {node.name: ua.VariantType[node.type] for node in WRITTEN}
    await client.write_values(
        [nodes[name] for name in values],
        [ua.DataValue(ua.Variant(value, types[name])) for name, value in values.items()],
    )
