"""A package from outside adds a fieldbus: the bridge serves it, and no file of ours changes."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.causes import Decision
from contracts.fieldbus import FIELDBUSES
from plc.core.registers import HOLDING_REGISTERS, HOLDING_SIZE, INPUT_REGISTERS, decode, encode
from referee.line.endpoints import choose
from referee.line.programs import fieldbus_environment
from runtime.linefile.line_file import load_line_file
from tests.contract.plc.plc_line import PlcLine, plc_line, release
from tests.plugins import installed, write_package
from tests.servers import free_port
from tests.waiting import until

SOURCE = '''
"""Registers as lines of JSON: [] reads a station's input registers, 13 words write its holding
registers. The first line of a connection is the name of the station."""

import asyncio
import json


class JsonLines:
    def __init__(self, served):
        self._served = served

    async def serve(self):
        address = self._served.address
        with address.listening():
            server = await asyncio.start_server(self._answer, address.host, address.port)
        async with server:
            await server.serve_forever()

    async def _answer(self, reader, writer):
        name = (await reader.readline()).decode().strip()
        registers = self._served.stations.images[name]
        while line := await reader.readline():
            words = json.loads(line)
            if words and registers.protocol == self._served.address.protocol:
                registers.write(words)
            writer.write(json.dumps(list(registers.inputs())).encode() + b"\\n")
            await writer.drain()
'''
RUN = 0b111


class JsonPlc:
    """A PLC that speaks this protocol."""

    def __init__(self, port: int, station: str) -> None:
        self._stream = socket.create_connection(("127.0.0.1", port), timeout=5).makefile("rw")
        self._stream.write(f"{station}\n")

    def exchange(self, **values: float) -> dict[str, float]:
        """Write the holding registers, if there are any, and return the input registers."""
        words = encode(HOLDING_REGISTERS, HOLDING_SIZE, values) if values else []
        self._stream.write(json.dumps(words) + "\n")
        self._stream.flush()
        return decode(INPUT_REGISTERS, json.loads(self._stream.readline()))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("package")
    entries = {FIELDBUSES: {"json-lines": "json_lines:JsonLines"}}
    write_package(folder, "json_lines", SOURCE, entries)
    with installed(folder):
        yield folder


@pytest.fixture
def line(tmp_path: Path, package: Path) -> Iterator[PlcLine]:
    """A bridge whose station ``top`` has a PLC that speaks it; ``side`` has one on Modbus."""
    with plc_line(tmp_path, ["side", "top"]) as made:
        made.configure(release("side", plc_unit=7))
        made.configure(release("top", deadline_ms=5000))
        made.json_port = free_port()
        made.bridge_settings = {
            "PYTHONPATH": f"{package}:{os.environ.get('PYTHONPATH', '')}",
            "REFEREE_JSON_LINES_PORT": str(made.json_port),
            "REFEREE_JSON_LINES_STATIONS": "top",
        }
        made.decide = lambda trigger, rng: (Decision.PASS, 0.02)
        made.start_bridge()
        until(lambda: made.state is not None and len(made.state.releases) == 2)
        yield made


def test_a_part_passes_over_it(line: PlcLine) -> None:
    plc = JsonPlc(line.json_port, "top")
    holding = {"control": RUN, "plc_boot_id": 9, "trigger_seq": 0}
    plc.exchange(**holding)
    until(lambda: plc.exchange()["phase"] == 3)
    holding |= {"trigger_seq": 1, "part_id": 4711}
    plc.exchange(**holding)
    until(lambda: (plc.exchange()["seq_head"], plc.exchange()["verdict"]) == (1, 1))
    plc.exchange(**holding, ack_seq=1)
    until(lambda: (plc.exchange()["ack_echo"], plc.exchange()["ack_state"]) == (1, 1))
    until(lambda: any(part.part_id == 4711 for part in line.ledger.values()))
    [part] = [part for part in line.ledger.values() if part.part_id == 4711]
    assert part.decision is Decision.PASS
    assert JsonPlc(line.json_port, "side").exchange(plc_boot_id=9)["trigger_echo"] == 0


def test_a_station_of_another_protocol_can_be_read_over_it_and_not_written(line: PlcLine) -> None:
    side = JsonPlc(line.json_port, "side")
    assert side.exchange(plc_boot_id=9, trigger_seq=5)["map_version"] == 1
    assert side.exchange()["error_code"] == 2  # no PLC has told this station its boot id


def test_a_line_file_chooses_it(package: Path, tmp_path: Path) -> None:
    station = {"camera": {"kind": "replay"}, "prompts": [{"words": "a scratch"}]}
    with_it = station | {"plc": {"protocol": "json-lines", "peers": ["10.0.0.5", "10.0.0.6"]}}
    stations = {"top": with_it, "side": station | {"plc": {"unit": 2}}}
    file = tmp_path / "line.yaml"
    file.write_text(json.dumps({"site": "s", "line": "l", "stations": stations}))
    found = load_line_file(file)
    endpoints = choose(found, outward=False)
    variables = fieldbus_environment(found, endpoints)
    assert variables["REFEREE_JSON_LINES_PORT"] == str(endpoints.fieldbuses["json-lines"])
    assert variables["REFEREE_JSON_LINES_STATIONS"] == "top"
    assert variables["REFEREE_MODBUS_STATIONS"] == "side"
    assert variables["REFEREE_PLC_PEERS"] == "top=10.0.0.5,top=10.0.0.6"


def test_a_bridge_without_asyncua_serves_modbus_and_says_that_opcua_cannot_be_loaded(
    tmp_path: Path,
) -> None:
    (tmp_path / "asyncua.py").write_text("raise ImportError('No module named asyncua')\n")
    with plc_line(tmp_path, ["top"]) as made:
        made.configure(release("top"))
        made.bridge_settings = {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
        made.start_bridge()
        until(lambda: made.state is not None and len(made.state.releases) == 1)
        made.end_bridge(signal.SIGTERM)
        made.bridge_settings |= {"REFEREE_OPCUA_PORT": str(free_port())}
        made.start_bridge()
        assert made.bridge_ended() == 2
        assert "'opcua' (plc.opcua.server:OpcUaServer) cannot be loaded" in made.logs()
