"""Which processes a changed line file restarts, and which it leaves alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.line import LineFile
from referee.line.endpoints import Endpoints, choose, with_changed_ports
from referee.line.process_changes import changed_servers, plan_processes
from referee.line.programs import line_programs
from referee.line.start import Start
from referee.line.station_changes import Outcome
from referee.project import DEMO_LINE
from runtime.process.run_folder import RunFolder


def demo(**changes: Any) -> LineFile:
    return LineFile.model_validate(yaml.safe_load(DEMO_LINE.read_text()) | changes)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def outcomes(before: LineFile, after: LineFile, *, restart: bool = False) -> dict[str, Outcome]:
    endpoints = choose(before, outward=False)
    ports = with_changed_ports(endpoints, before, after)
    old, new = (
        line_programs(Start.here(line, soft_plc=True, dashboard=True), where, RunFolder(Path()))
        for line, where in ((before, endpoints), (after, ports))
    )
    changes = plan_processes(old, new, restart=restart)
    return {change.subject: change.outcome for change in changes}


def two_stations() -> LineFile:
    (name, station), *_ = yaml.safe_load(DEMO_LINE.read_text())["stations"].items()
    other = {key: value for key, value in station.items() if key != "plc"} | {"plc": {"unit": 9}}
    return demo(stations={name: station, "other": other})


def test_the_same_file_changes_nothing() -> None:
    assert outcomes(demo(), demo()) == {}


def test_a_new_station_restarts_no_process_that_parts_wait_for() -> None:
    found = outcomes(demo(), two_stations())
    assert found == {
        "dashboard": Outcome.IN_FORCE,
        "soft-plc": Outcome.NEEDS_RESTART,
    }


def test_the_archives_settings_touch_the_archive_alone() -> None:
    assert outcomes(demo(), demo(archive={"largest_mb": 99})) == {"archive": Outcome.IN_FORCE}


def test_another_address_needs_a_restart_of_the_bridge() -> None:
    after = demo(sockets={"host": "0.0.0.0"})
    assert outcomes(demo(), after)["bridge"] is Outcome.NEEDS_RESTART
    assert outcomes(demo(), after, restart=True)["bridge"] is Outcome.IN_FORCE
    assert outcomes(demo(), after)["dashboard"] is Outcome.IN_FORCE


def test_a_server_keeps_its_port() -> None:
    after = demo(sockets={"mqtt": 18_830})
    assert outcomes(demo(), after) == {}
    (change,) = changed_servers(demo(), after)
    assert (change.subject, change.outcome) == ("sockets.mqtt", Outcome.NEEDS_RESTART)


def test_a_fieldbus_that_is_served_keeps_its_port_and_a_new_one_gets_one() -> None:
    before, after = demo(), demo(sockets={"opcua": 14_840})
    endpoints: Endpoints = choose(before, outward=False)
    ports = with_changed_ports(endpoints, before, after).fieldbuses
    assert ports == {"modbus": endpoints.fieldbuses["modbus"], "opcua": 14_840}


def test_a_start_survives_its_file(tmp_path: Path) -> None:
    start = Start.here(demo(), soft_plc=True)
    programs = line_programs(start, choose(demo(), outward=False), RunFolder(tmp_path))
    whole = start.model_copy(update={"programs": tuple(programs)})
    whole.save(RunFolder(tmp_path))
    assert Start.load(RunFolder(tmp_path)) == whole
    assert RunFolder(tmp_path).start.stat().st_mode & 0o077 == 0
