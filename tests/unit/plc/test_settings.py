"""Which fieldbuses the bridge serves, as its environment says."""

from __future__ import annotations

import pytest

from contracts.errors import UserError
from contracts.roster import RosterStation
from plc.settings import BridgeSettings, links, load_fieldbuses
from runtime.process.settings import load

STATIONS = ("top", "side")


def served(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, int]:
    for name, value in variables.items():
        monkeypatch.setenv(f"REFEREE_{name}", value)
    found = load_fieldbuses(STATIONS)
    return {protocol: each.port_of(protocol) for protocol, each in found.items()}


def test_without_settings_it_is_modbus_alone(monkeypatch) -> None:
    assert served(monkeypatch) == {"modbus": 5020}


def test_a_fieldbus_that_has_a_port_is_served(monkeypatch) -> None:
    variables = {"OPCUA_PORT": "4840", "OPCUA_STATIONS": "top, side", "MODBUS_PORT": "0"}
    assert served(monkeypatch, **variables) == {"opcua": 4840}


def test_port_0_is_not_served(monkeypatch) -> None:
    assert served(monkeypatch, OPCUA_PORT="0", OPCUA_STATIONS="") == {"modbus": 5020}


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"OPCUA_PORT": "0", "OPCUA_STATIONS": "top"}, "needs REFEREE_OPCUA_PORT"),
        ({"OPCUA_PORT": "4840", "OPCUA_STATIONS": "top,bottom"}, "names bottom"),
        (
            {"OPCUA_PORT": "4840", "OPCUA_STATIONS": "top", "MODBUS_STATIONS": "top"},
            "modbus and opcua both",
        ),
        ({"OPCUA_PORT": "x"}, "REFEREE_OPCUA_PORT: must be a whole number"),
    ],
)
def test_stations_that_no_plc_could_reach_are_refused(monkeypatch, variables, complaint) -> None:
    with pytest.raises(UserError, match=complaint):
        served(monkeypatch, **variables)


NEEDED = {"SITE": "s", "LINE": "l", "MQTT_PORT": "1", "STATIONS": "top,side"}
NEEDED |= {"FRAMES_REDIS_URL": "redis://a", "JOURNAL_REDIS_URL": "redis://b"}


def loaded(monkeypatch: pytest.MonkeyPatch, peers: str) -> BridgeSettings:
    for name, value in (NEEDED | {"PLC_PEERS": peers}).items():
        monkeypatch.setenv(f"REFEREE_{name}", value)
    return load(BridgeSettings)


def test_peers_are_given_by_station(monkeypatch) -> None:
    assert loaded(monkeypatch, "").plc_peers == {}
    found = loaded(monkeypatch, "top=10.0.0.5, top=10.0.0.6,side=::ffff:10.0.0.7").plc_peers
    assert found == {"top": ("10.0.0.5", "10.0.0.6"), "side": ("10.0.0.7",)}


def test_a_line_without_a_roster_has_the_stations_of_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("REFEREE_OPCUA_PORT", "4840")
    monkeypatch.setenv("REFEREE_OPCUA_STATIONS", "side")
    found = links(load_fieldbuses(STATIONS), loaded(monkeypatch, "top=10.0.0.5"))
    assert found == {
        "top": RosterStation(peers=("10.0.0.5",)),
        "side": RosterStation(protocol="opcua"),
    }


@pytest.mark.parametrize(
    ("peers", "complaint"),
    [
        ("10.0.0.5", "PLC_PEERS: .*'10.0.0.5' is not STATION=ADDRESS"),
        ("top=plc-1", "PLC_PEERS: .*'plc-1'"),
        ("bottom=10.0.0.5", "PLC_PEERS names bottom, which STATIONS does not"),
    ],
)
def test_peers_of_no_station_and_no_address_are_refused(monkeypatch, peers, complaint) -> None:
    with pytest.raises(UserError, match=complaint):
        loaded(monkeypatch, peers)
