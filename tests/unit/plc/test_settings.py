"""Which fieldbuses the bridge serves, as its environment says."""

from __future__ import annotations

import pytest

from contracts.errors import UserError
from plc.settings import load_fieldbuses, spoken

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
    assert spoken(load_fieldbuses(STATIONS)) == {"top": "opcua", "side": "opcua"}


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
        ({"OPCUA_PORT": "x"}, "REFEREE_OPCUA_PORT: .*valid integer"),
    ],
)
def test_stations_that_no_plc_could_reach_are_refused(monkeypatch, variables, complaint) -> None:
    with pytest.raises(UserError, match=complaint):
        served(monkeypatch, **variables)
