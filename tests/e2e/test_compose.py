"""docker-compose.yml is one that docker-compose takes, and starts what the project has."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from contracts.fieldbus import FIELDBUSES, variables_of
from contracts.plugins import plugin_names
from plc.settings import BridgeSettings, load_fieldbuses
from referee.tables.settings_table import settings_table
from runtime.process.run_folder import RunFolder
from runtime.process.settings import load
from tests.e2e.lines import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: each for name, each in COMPOSE["services"].items() if "build" in each}


def test_docker_compose_takes_it() -> None:
    told = subprocess.run(
        ["docker-compose", "config", "-q"], cwd=ROOT, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr


def _of_each_fieldbus(variable: str) -> str:
    names = "|".join(variables_of(protocol) for protocol in plugin_names(FIELDBUSES))
    return re.sub(f"^({names})", "REFEREE_<FIELDBUS>_", variable)


def test_its_variables_are_settings() -> None:
    table = settings_table()
    unknown = {
        variable
        for service in OURS.values()
        for variable in service["environment"]
        if f"`{variable}`" not in table and f"`{_of_each_fieldbus(variable)}`" not in table
    }
    assert unknown == set()


@pytest.mark.parametrize("service", sorted(OURS))
def test_its_commands_exist(service: str) -> None:
    words = OURS[service]["command"].split()
    if words[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(words[2]) is not None
    else:
        assert words[0] in ("referee", "streamlit")


def test_everything_is_kept_in_one_run_folder() -> None:
    folders = {service["environment"]["REFEREE_RUN_DIR"] for service in OURS.values()}
    assert len(folders) == 1
    report = RunFolder(Path(folders.pop())).soft_plc_report
    assert f"--report {report}" in OURS["soft-plc"]["command"]


def test_it_runs_every_stage() -> None:
    assert {"ingest", "inference", "bridge", "storage", "archive", "dashboard"} <= set(OURS)


@pytest.mark.parametrize("opcua_port", [0, 4841])
def test_a_plc_reaches_every_port_that_the_bridge_listens_on(
    opcua_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"OPCUA_PORT": str(opcua_port), "OPCUA_STATIONS": "plate"} if opcua_port else {}
    told = subprocess.run(
        ["docker-compose", "config"],
        cwd=ROOT,
        env=os.environ | given,
        capture_output=True,
        text=True,
    )
    bridge = yaml.safe_load(told.stdout)["services"]["bridge"]
    for name, value in bridge["environment"].items():
        monkeypatch.setenv(name, str(value))
    served = load_fieldbuses(load(BridgeSettings).stations)
    assert set(served) == ({"modbus", "opcua"} if opcua_port else {"modbus"})
    assert {each.host for each in served.values()} == {"0.0.0.0"}
    listens = {each.port for each in served.values()}
    assert listens <= {each["target"] for each in bridge["ports"]}
