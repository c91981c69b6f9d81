"""Every process of a line on one machine: which, how it is started, in which order."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from contracts.fieldbus import MODBUS, variables_of
from contracts.line import LineFile, SoftPlc
from contracts.variables import variables_in
from referee.line.endpoints import LOOPBACK, Endpoints
from referee.line.servers.mosquitto import mosquitto_argv
from referee.line.servers.redis import redis_argv
from referee.line.servers.triton import TritonPorts, triton_command
from referee.line.start import Start
from referee.line.supervision import Program
from referee.project import ROOT, python_path
from runtime.process.run_folder import RunFolder
from simulation.soft_plc.options import written

SOFT_PLC = "soft-plc"
STATIONS = "REFEREE_STATIONS"
"""Stations that a process starts with; it follows the line's roster from then on."""
SERVERS, STAGES, AT_LAST = 1, 2, 3
"""Ranks: what stages need starts before them and stops after them."""

FOLLOW_STATIONS = frozenset({"storage", "archive", "bridge", "ingest", "inference"})
"""Processes that follow the line's roster, and so need no restart when stations come and go."""
RESTART_HARMS_NO_PART = frozenset({"archive", "dashboard", "storage"})
"""No part waits for these, and what they have not read yet waits for them."""


def line_programs(start: Start, endpoints: Endpoints, folder: RunFolder) -> list[Program]:
    """Return every process of a line, as it was started."""
    programs = server_programs(endpoints, folder) + stage_programs(start, endpoints, folder)
    environment = stage_environment(start.line, endpoints, folder)
    if start.soft_plc and start.line.soft_plc is not None:
        argv = soft_plc_argv(start.line, start.line.soft_plc, endpoints, folder.soft_plc_report)
        programs.append(Program(SOFT_PLC, argv, environment, AT_LAST))
    if start.dashboard:
        programs.append(dashboard_program(endpoints, environment))
    return programs


def server_programs(endpoints: Endpoints, folder: RunFolder) -> list[Program]:
    """Redis twice, the broker, Triton."""
    frames = redis_argv("frames", LOOPBACK, endpoints.redis_frames, folder.redis_frames)
    journal = redis_argv("journal", LOOPBACK, endpoints.redis_journal, folder.redis_journal)
    broker = mosquitto_argv(LOOPBACK, endpoints.mqtt, folder.mosquitto)
    ports = TritonPorts(endpoints.triton_grpc, endpoints.triton_http, endpoints.triton_metrics)
    triton = triton_command(ports, host=LOOPBACK)
    return [
        Program("redis-frames", frames, {}, SERVERS),
        Program("redis-journal", journal, {}, SERVERS),
        Program("mosquitto", broker, {}, SERVERS),
        Program("triton", triton.argv, triton.environment, SERVERS),
    ]


def stage_programs(start: Start, endpoints: Endpoints, folder: RunFolder) -> list[Program]:
    """Storage, archive, bridge, ingest and inference."""
    common = stage_environment(start.line, endpoints, folder)
    cameras = {"REFEREE_CAMERA_VARIABLES": ",".join(camera_variables(start.line))}
    images = {"REFEREE_IMAGES": str(start.images)} if start.images else {}
    archive = {
        "REFEREE_ARCHIVE_LARGEST_MB": str(start.line.archive.largest_mb),
        "REFEREE_ARCHIVE_NEAR_MISS_LOGIT": str(start.line.archive.near_miss_logit),
    }

    def stage(name: str, module: str, own: dict[str, str]) -> Program:
        metrics = {"REFEREE_METRICS_PORT": str(endpoints.stage_metrics[name])}
        return Program(name, [sys.executable, "-m", module], common | metrics | own, STAGES)

    return [
        stage("storage", "storage", {}),
        stage("archive", "storage.archive", archive),
        stage("bridge", "plc", fieldbus_environment(start.line, endpoints)),
        stage("ingest", "ingest", cameras | images),
        stage("inference", "inference", {}),
    ]


def camera_variables(line: LineFile) -> list[str]:
    """Names of the variables that cameras need; their values stay in the environment."""
    return variables_in([station.camera.options for station in line.stations.values()])


def stage_environment(line: LineFile, endpoints: Endpoints, folder: RunFolder) -> dict[str, str]:
    """What every process of ours reads."""
    e = endpoints
    return {
        **python_path(),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",  # the network has the cores; numpy and cv2 stay out of its way
        "REFEREE_SITE": line.site,
        "REFEREE_LINE": line.line,
        STATIONS: ",".join(line.stations),
        "REFEREE_FRAMES_REDIS_URL": f"redis://{LOOPBACK}:{e.redis_frames}/0",
        "REFEREE_JOURNAL_REDIS_URL": f"redis://{LOOPBACK}:{e.redis_journal}/0",
        "REFEREE_MQTT_HOST": LOOPBACK,
        "REFEREE_MQTT_PORT": str(e.mqtt),
        "REFEREE_TRITON_URL": f"{LOOPBACK}:{e.triton_grpc}",
        "REFEREE_RUN_DIR": str(folder.path.resolve()),
        "REFEREE_DATABASE_URL": folder.database_url,
    }


def fieldbus_environment(line: LineFile, endpoints: Endpoints) -> dict[str, str]:
    """Where each fieldbus listens, the stations whose PLC speaks it, and who may write to them."""
    found: dict[str, str] = {}
    for protocol, port in endpoints.fieldbuses.items():
        speak = [name for name, each in line.stations.items() if each.plc.protocol == protocol]
        begin = variables_of(protocol)
        found[f"{begin}HOST"] = endpoints.host
        found[f"{begin}PORT"] = str(port)
        found[f"{begin}STATIONS"] = ",".join(speak)
    pinned = [f"{name}={one}" for name, each in line.stations.items() for one in each.plc.peers]
    return found | {"REFEREE_PLC_PEERS": ",".join(pinned)}


def dashboard_program(endpoints: Endpoints, environment: Mapping[str, str]) -> Program:
    """The Streamlit dashboard."""
    argv = [
        *(sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py")),
        f"--server.address={endpoints.host}",
        f"--server.port={endpoints.dashboard}",
        "--server.headless=true",
    ]
    return Program("dashboard", argv, environment, AT_LAST)


def soft_plc_argv(
    line: LineFile, plc: SoftPlc, endpoints: Endpoints, report: Path, parts: int | None = None
) -> list[str]:
    """The simulated PLC; with ``parts`` it stops after so many at each station."""
    ways_ms = {each.plc_unit: plc.gate_way_ms(each) for each in line.stations.values()}
    argv = [sys.executable, "-m", "simulation.soft_plc", *written(plc, ways_ms)]
    argv += ["--host", endpoints.reachable_host, "--port", str(endpoints.fieldbuses[MODBUS])]
    argv += ["--report", str(report)]
    return argv + (["--parts", str(parts)] if parts is not None else [])
