"""Ports: given ones must be free, the others are distinct free ones."""

import socket
from pathlib import Path

import pytest

from contracts.errors import UserError
from contracts.line import LineFile
from referee.line import endpoints as endpoints_module
from referee.line.endpoints import OUTGOING, Endpoints, choose, free_ports
from runtime.process.run_folder import RunFolder


def line(**sockets: object) -> LineFile:
    station = {"camera": {"kind": "replay"}, "prompts": [{"words": "a scratch"}]}
    of = {"site": "s", "line": "l", "stations": {"top": station}, "sockets": sockets}
    return LineFile.model_validate(of)


@pytest.mark.parametrize("server", ["mqtt", "dashboard", "modbus", "opcua"])
def test_a_taken_port_is_named_with_its_setting(server: str) -> None:
    ports = dict(zip(("dashboard", "modbus"), free_ports("127.0.0.1", 2), strict=True))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"{port}.*in use.*sockets\.{server}"):
            choose(line(**ports | {server: port}))


def test_every_fieldbus_that_a_line_serves_has_a_port() -> None:
    found = choose(line(opcua=4840), outward=False).fieldbuses
    assert set(found) == {"modbus", "opcua"}
    assert len(set(found.values())) == 2


def test_free_ports_differ() -> None:
    endpoints = choose(line(), outward=False)
    ports = [value for value in endpoints.model_dump().values() if isinstance(value, int)]
    ports += [*endpoints.stage_metrics.values(), *endpoints.fieldbuses.values()]
    assert len(set(ports)) == len(ports) == 13


def test_no_free_port_is_one_that_an_outgoing_connection_may_be_given() -> None:
    low, high = map(int, OUTGOING.read_text().split())
    assert not [port for port in free_ports("127.0.0.1", 500) if low <= port <= high]


def test_a_machine_that_gives_every_port_to_outgoing_connections_still_has_free_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "range").write_text("1024\t65535\n")
    monkeypatch.setattr(endpoints_module, "OUTGOING", tmp_path / "range")
    ports = free_ports("127.0.0.1", 50)
    assert len(set(ports)) == 50
    assert min(ports) >= 10_000


def test_too_few_free_ports_are_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "range").write_text("1024\t65535\n")
    monkeypatch.setattr(endpoints_module, "OUTGOING", tmp_path / "range")
    monkeypatch.setattr(endpoints_module, "LEAST_PORT", 65_530)
    with pytest.raises(UserError, match=r"free ports of 50; .* sockets"):
        free_ports("127.0.0.1", 50)


def test_given_ports_are_kept_and_survive_the_file(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoints = choose(line(mqtt=port), outward=False)
    assert endpoints.mqtt == port
    endpoints.save(RunFolder(tmp_path))
    assert Endpoints.load(RunFolder(tmp_path)) == endpoints


def test_a_folder_without_a_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="referee up"):
        Endpoints.load(RunFolder(tmp_path))


def test_a_client_on_this_machine_dials_the_loopback_address() -> None:
    assert choose(line(host="0.0.0.0"), outward=False).reachable_host == "127.0.0.1"
