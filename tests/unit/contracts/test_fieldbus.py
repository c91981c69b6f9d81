"""Line files say which fieldbus each station's PLC speaks, as version 0.1 said it too."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from contracts.errors import BadYaml
from contracts.line import LineFile
from runtime.linefile.line_file import load_line_file

STATION = {"camera": {"kind": "replay"}, "prompts": [{"words": "a scratch"}]}


def line(top: dict[str, Any] | None = None, **more: Any) -> LineFile:
    """The line that such a file describes."""
    stations = {"top": STATION | (top or {}), "side": STATION | {"plc": {"unit": 7}}}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "line.yaml"
        file.write_text(json.dumps({"site": "s", "line": "l", "stations": stations} | more))
        return load_line_file(file)


def test_a_station_that_says_nothing_is_modbus_unit_1() -> None:
    top = line().stations["top"]
    assert (top.plc.protocol, top.plc_unit) == ("modbus", 1)
    assert line().fieldbus_ports == {"modbus": 5020}


def test_a_station_names_its_protocol_and_unit_and_its_release_carries_the_unit() -> None:
    found = line({"plc": {"protocol": "opcua", "unit": 3}})
    assert found.stations["top"].plc.protocol == "opcua"
    assert found.stations["top"].config.plc_unit == 3
    assert found.fieldbus_ports == {"modbus": 5020, "opcua": 4840}


def test_a_port_beside_the_others_is_a_fieldbuss_port() -> None:
    found = line(sockets={"modbus": 5021, "opcua": 4841})
    assert found.fieldbus_ports == {"modbus": 5021, "opcua": 4841}


def test_a_station_names_the_addresses_that_may_write_and_its_release_does_not() -> None:
    found = line({"plc": {"peers": ["192.168.0.10", "::ffff:10.0.0.5", "FE80::1"]}})
    assert found.stations["top"].plc.peers == ("192.168.0.10", "10.0.0.5", "fe80::1")
    assert found.releases() == line().releases()


def test_plc_unit_of_version_0_1_is_the_unit_and_changes_no_release() -> None:
    old, new = line({"plc_unit": 9}), line({"plc": {"unit": 9}})
    assert old.stations["top"].plc_unit == new.stations["top"].plc_unit == 9
    assert old.releases() == new.releases()


@pytest.mark.parametrize(
    ("section", "ports"),
    [
        ({"port": 4999, "stations": ["top"]}, {"modbus": 5020, "opcua": 4999}),
        ({"stations": ["top"]}, {"modbus": 5020, "opcua": 4840}),
    ],
)
def test_the_opcua_section_of_version_0_1_names_ports_and_protocols(
    section: dict[str, Any], ports: dict[str, int]
) -> None:
    found = line({"plc_unit": 2}, opcua=section)
    assert found.fieldbus_ports == ports
    assert [each.plc.protocol for each in found.stations.values()] == ["opcua", "modbus"]
    assert [each.plc_unit for each in found.stations.values()] == [2, 7]


def test_an_empty_opcua_section_of_version_0_1_serves_it_for_reading() -> None:
    found = line(opcua={})
    assert found.fieldbus_ports == {"modbus": 5020, "opcua": 4840}
    assert {each.plc.protocol for each in found.stations.values()} == {"modbus"}


@pytest.mark.parametrize(
    ("top", "more", "complaint"),
    [
        (
            {"plc": {"protocol": "profinet"}},
            {},
            "'profinet' is installed; installed: modbus, opcua",
        ),
        ({"plc_unit": 2, "plc": {"unit": 3}}, {}, "give plc.unit alone"),
        ({"plc": {"unit": 7}}, {}, "same plc.unit"),
        ({}, {"opcua": {"stations": ["under"]}}, "opcua: stations names under, which is no"),
        ({}, {"opcua": {"ports": 4}}, "opcua: no such field: ports"),
        ({}, {"opcua": {"port": 1}, "sockets": {"opcua": 2}}, "give sockets.opcua alone"),
        ({}, {"opcua": {"port": 5020}}, "sockets.modbus and sockets.opcua are both 5020"),
        ({"plc": {"protocol": "opcua"}}, {"soft_plc": {"parts_per_s": 1}}, "top has plc.protocol"),
        (
            {"plc": {"peers": ["10.0.0.5"]}},
            {"soft_plc": {"parts_per_s": 1}},
            "station top does not",
        ),
        ({"plc": {"peers": ["plc-1"]}}, {}, "plc.peers: 'plc-1' .*such as 192.168.0.10"),
    ],
)
def test_what_no_bridge_could_serve_is_refused(
    top: dict[str, Any], more: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadYaml, match=complaint):
        line(top, **more)


@pytest.mark.parametrize(
    ("mistake", "complaint"),
    [
        (
            "    plc: {unit: 300}",
            r"line.yaml:7:\d+: stations.top.plc.unit: .*must be 247 or less",
        ),
        ("    plc_unit: 300", r"line.yaml:7:\d+: stations.top.plc_unit: .*must be 247 or less"),
        ("    plc: {protocol: x}", r"line.yaml:7:\d+: stations.top.plc.protocol: no fieldbus 'x'"),
        ("sockets: {modbus: 0}", r"line.yaml:7:11: sockets.modbus: .*must be 1 or more"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, mistake: str, complaint: str) -> None:
    file = tmp_path / "line.yaml"
    file.write_text(
        "site: s\nline: l\nstations:\n  top:\n    camera: {kind: replay}\n"
        f"    prompts: [{{words: a scratch}}]\n{mistake}\n"
    )
    with pytest.raises(BadYaml, match=complaint):
        load_line_file(file)
