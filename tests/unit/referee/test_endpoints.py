"""Ports: given ones must be free, the others are distinct free ones."""

import socket
from pathlib import Path

import pytest

from contracts.errors import UserError
from contracts.line import OpcUa, Sockets
from referee.line import endpoints as endpoints_module
from referee.line.endpoints import OUTGOING, Endpoints, choose, free_ports
from runtime.process.run_folder import RunFolder


def test_a_taken_port_is_named_with_its_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"{port}.*sockets\.mqtt"):
            choose("s", "l", Sockets(mqtt=port), dashboard=False)


def test_a_taken_port_of_opc_ua_is_named_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"{port}.*in use.*opcua\.port"):
            choose("s", "l", Sockets(), OpcUa(port=port), dashboard=False)


def test_free_ports_differ() -> None:
    endpoints = choose("s", "l", Sockets(), dashboard=False)
    ports = [value for value in endpoints.model_dump().values() if isinstance(value, int)]
    ports += endpoints.stage_metrics.values()
    assert len(set(ports)) == len(ports) == 13


def test_no_free_port_is_one_that_an_outgoing_connection_may_be_given() -> None:
    low, high = map(int, OUTGOING.read_text().split())
    assert not [port for port in free_ports("127.0.0.1", 500) if low <= port <= high]


def test_too_few_ports_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "range").write_text("10001\t65535\n")
    monkeypatch.setattr(endpoints_module, "OUTGOING", tmp_path / "range")
    with pytest.raises(UserError, match="free ports outside 10001 to 65535"):
        free_ports("127.0.0.1", 2)


def test_given_ports_are_kept_and_survive_the_file(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoints = choose("s", "l", Sockets(mqtt=port), dashboard=False)
    assert endpoints.mqtt == port
    endpoints.save(RunFolder(tmp_path))
    assert Endpoints.load(RunFolder(tmp_path)) == endpoints


def test_a_folder_without_a_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="referee up"):
        Endpoints.load(RunFolder(tmp_path))


def test_only_dashboard_and_modbus_are_reachable_from_outside() -> None:
    assert choose("s", "l", Sockets(host="0.0.0.0"), dashboard=False).reachable_host == "127.0.0.1"
