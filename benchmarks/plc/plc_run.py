"""One run: parts over the belt, the bridge killed now and then, until the ledger is closed."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.plc.facts import Facts, Outage, disposed_parts
from benchmarks.plc.inspection import Inspection
from benchmarks.plc.plc_processes import (
    HOST,
    LINE,
    SITE,
    START_TIMEOUT_S,
    STATION,
    UNIT,
    Processes,
    processes,
)
from benchmarks.plc.script import Mixture, Script
from contracts.camera import CameraConfig
from contracts.causes import Mode
from contracts.errors import Unavailable
from contracts.names import Topics
from contracts.release import Prompt, Release, StationConfig
from storage.queries import latencies, ledger, open_sessions

SETTLE_S = 60.0
DOWN_FOR_S = 0.2
KILL_BETWEEN = (0.1, 0.9)  # of the parts
BETWEEN_GATE_AND_DEADLINE_MS = 300


class Plan(NamedTuple):
    """What is run.

    Attributes:
        restarts: of the bridge, each a SIGKILL at a random moment.
        cycle_ms: of the simulated PLC.
    """

    parts: int
    parts_per_s: float
    restarts: int = 0
    seed: int = 1
    deadline_ms: int = 700
    jitter: float = 0.3
    cycle_ms: float = 8.0
    mixture: Mixture = Mixture()

    @property
    def gate_way_ms(self) -> int:
        """From the trigger to the gate."""
        return self.deadline_ms + BETWEEN_GATE_AND_DEADLINE_MS


def run(plan: Plan, folder: Path) -> Facts:
    """Carry it out. Raises Unavailable if a process did not start or the PLC ended badly."""
    release = release_of(plan.deadline_ms)
    with processes(folder) as running:
        script = Script(plan.mixture, plan.seed)
        ports = running.ports
        inspection = Inspection(ports.broker, Topics(SITE, LINE), ports.redis_url, release, script)
        with inspecting(inspection):
            running.start_module("bridge", "plc")
            options = _plc_options(plan, running)
            plc = running.start_module("soft-plc", "simulation.soft_plc", *options)
            outages = _restart_bridge(plan, running, plc)
            _wait_for_the_end(plan, running, plc)
            return _settled(plan, running, inspection, outages)


@contextmanager
def inspecting(inspection: Inspection) -> Iterator[None]:
    """Let the script speak while the context lasts."""
    inspection.start()
    try:
        yield
    finally:
        inspection.stop()


def release_of(deadline_ms: int) -> Release:
    """Return the station's configuration: guard."""
    config = StationConfig(
        camera=CameraConfig(kind="replay"),
        prompts=(Prompt(words="a scratch"),),
        mode=Mode.GUARD,
        deadline_ms=deadline_ms,
        plc_unit=UNIT,
    )
    return Release.of(STATION, config)


def _plc_options(plan: Plan, running: Processes) -> list[str]:
    said = {
        "port": running.ports.modbus,
        "unit": UNIT,
        "parts": plan.parts,
        "parts-per-s": plan.parts_per_s,
        "jitter": plan.jitter,
        "seed": plan.seed,
        "gate-after-ms": plan.gate_way_ms,
        "cycle-ms": plan.cycle_ms,
        "report": _report(running),
    }
    return [text for name, value in said.items() for text in (f"--{name}", str(value))]


def _report(running: Processes) -> Path:
    return running.run_folder.soft_plc_report


def _restart_bridge(plan: Plan, running: Processes, plc: subprocess.Popen[bytes]) -> list[Outage]:
    """Kill it at random parts and start it again, as its supervisor would."""
    dice = random.Random(plan.seed)
    moments = sorted(dice.uniform(*KILL_BETWEEN) * plan.parts for _ in range(plan.restarts))
    outages = []
    for moment in moments:
        while plc.poll() is None and _triggered(running) < moment:
            time.sleep(0.1)
        time.sleep(dice.uniform(0, 0.5))
        killed_utc_ns = time.time_ns()
        running.end("bridge", signal.SIGKILL)
        time.sleep(DOWN_FOR_S)
        running.start_module("bridge", "plc")
        wait_for_modbus(running)
        outages.append(Outage(killed_utc_ns, time.time_ns()))
    return outages


def wait_for_modbus(running: Processes) -> None:
    """Return once the bridge takes connections. Raises Unavailable."""
    give_up_s = time.monotonic() + START_TIMEOUT_S
    with_bridge = (HOST, running.ports.modbus)
    while time.monotonic() < give_up_s:
        try:
            socket.create_connection(with_bridge, timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Unavailable("the bridge", f"does not serve: {running.log_tail('bridge')}")


def _triggered(running: Processes) -> int:
    file = _report(running)
    return _unit(file)["triggered"] if file.exists() else 0


def _unit(report: Path) -> dict[str, Any]:
    return json.loads(report.read_text())["units"][str(UNIT)]


def _wait_for_the_end(plan: Plan, running: Processes, plc: subprocess.Popen[bytes]) -> None:
    """Twice the time that the belt needs, and a minute for whatever starts slowly."""
    belt_s = plan.parts / plan.parts_per_s + plan.gate_way_ms / 1000
    try:
        code = plc.wait(2 * belt_s + START_TIMEOUT_S * (1 + plan.restarts))
    except subprocess.TimeoutExpired as error:
        raise Unavailable("the simulated PLC", running.log_tail("bridge")) from error
    if code != 0:
        raise Unavailable("the simulated PLC", running.log_tail("soft-plc"))


def _settled(
    plan: Plan, running: Processes, inspection: Inspection, outages: list[Outage]
) -> Facts:
    """The facts once storage has all of them, or as they stand after a minute."""
    give_up_s = time.monotonic() + SETTLE_S
    report = json.loads(_report(running).read_text())
    while True:
        facts = _facts(plan, running, inspection, outages, report)
        is_over = time.monotonic() > give_up_s
        if is_over or (inspection.is_silent and _is_whole(facts, plan)):
            return facts
        time.sleep(0.25)


def _is_whole(facts: Facts, plan: Plan) -> bool:
    late = {
        said.verdict_id for said in facts.said.values() if said.sent_ns and not said.was_in_time
    }
    known = {one.late_verdict_id for one in facts.disposed}
    closed = bool(facts.ledger) and all(row.closed for row in facts.ledger)
    return closed and len(facts.disposed) >= plan.parts and late <= known


def _facts(
    plan: Plan,
    running: Processes,
    inspection: Inspection,
    outages: list[Outage],
    report: dict[str, Any],
) -> Facts:
    sessions = open_sessions(running.database_url)
    with sessions() as session:
        return Facts(
            said=dict(inspection.said),
            ledger=ledger(session),
            disposed=disposed_parts(session),
            times=latencies(session, limit=plan.parts),
            report=report,
            outages=outages,
            gate_way_ms=plan.gate_way_ms,
        )
