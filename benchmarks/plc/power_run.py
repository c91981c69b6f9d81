"""Power cycles of bridge and PLC at random moments, while parts go over the belt.

The seed says what is cut and when; what a process is doing at that moment differs from run to run.
"""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.plc.bridge_power import BridgePower
from benchmarks.plc.facts import Disposed, disposed_parts
from benchmarks.plc.inspection import Inspection
from benchmarks.plc.plc_processes import (
    LINE,
    SITE,
    START_TIMEOUT_S,
    STATION,
    UNIT,
    Processes,
    processes,
)
from benchmarks.plc.plc_run import inspecting, release_of, wait_for_modbus
from benchmarks.plc.script import Mixture, Said, Script
from contracts.errors import Unavailable
from contracts.names import Topics
from storage.queries import LedgerRow, ledger, open_sessions

ENDLESS = 1_000_000
SETTLE_S = 60.0
LAST_PARTS_S = 3.0
LONGEST_PAUSE_S, LONGEST_BETWEEN_S, LONGEST_OFF_S = 2.5, 0.4, 1.0
PLC_FIRST = ("plc", "plc, then bridge")
CUTS = (*PLC_FIRST, "bridge", "bridge, then plc")
"""Whose power is cut, in which order; the second while the first is not back."""
PLC_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2)


class PowerPlan(NamedTuple):
    """What is run.

    Attributes:
        cycles: how often the power of something is cut.
        retentive: whether the PLC's counter goes on, or begins at 0.
    """

    cycles: int
    retentive: bool
    seed: int = 1
    parts_per_s: float = 20.0
    deadline_ms: int = 500
    gate_way_ms: int = 800
    boot_ms: int = 300
    cycle_ms: float = 15.0
    mixture: Mixture = Mixture()


class Epoch(NamedTuple):
    """One epoch of the bridge's journal."""

    epoch: int
    plc_boot_id: int
    after_jump: bool


class PowerFacts(NamedTuple):
    """What a run left behind."""

    cuts: Mapping[str, int]
    said: Mapping[str, Said]
    ledger: Sequence[LedgerRow]
    disposed: Sequence[Disposed]
    epochs: Sequence[Epoch]
    unit: Mapping[str, Any]


def power_run(plan: PowerPlan, folder: Path) -> PowerFacts:
    """Carry it out. Raises Unavailable if a process did not start."""
    with processes(folder) as running:
        ports, release = running.ports, release_of(plan.deadline_ms)
        script = Script(plan.mixture, plan.seed)
        inspection = Inspection(ports.broker, Topics(SITE, LINE), ports.redis_url, release, script)
        with inspecting(inspection):
            bridge = BridgePower(running.environment, folder / "bridge.log")
            running.start_module("soft-plc", "simulation.soft_plc", *_plc_options(plan, running))
            try:
                cuts = _cut_power(plan, running, bridge)
                time.sleep(LAST_PARTS_S)
                running.end("soft-plc")
                return _settled(running, inspection, cuts)
            finally:
                bridge.off()


def _plc_options(plan: PowerPlan, running: Processes) -> list[str]:
    said = {
        "port": running.ports.modbus,
        "unit": UNIT,
        "parts": ENDLESS,
        "parts-per-s": plan.parts_per_s,
        "seed": plan.seed,
        "gate-after-ms": plan.gate_way_ms,
        "boot-ms": plan.boot_ms,
        "cycle-ms": plan.cycle_ms,
        "report": running.run_folder.soft_plc_report,
    }
    options = [text for name, value in said.items() for text in (f"--{name}", str(value))]
    return options + (["--retentive"] if plan.retentive else [])


def _cut_power(plan: PowerPlan, running: Processes, bridge: BridgePower) -> Counter[str]:
    dice, cuts = random.Random(plan.seed), Counter[str]()
    bridge.on()
    wait_for_modbus(running)
    _wait_for_plc(running)
    for _ in range(plan.cycles):
        time.sleep(dice.uniform(0, LONGEST_PAUSE_S))
        what = dice.choice(CUTS)
        cut_plc = partial(running.signal, "soft-plc", dice.choice(PLC_SIGNALS))
        between_s, off_s = dice.uniform(0, LONGEST_BETWEEN_S), dice.uniform(0, LONGEST_OFF_S)
        if what in PLC_FIRST:
            cut_plc()
        if what == "plc, then bridge":
            time.sleep(between_s)
        if what != "plc":
            bridge.off()
            time.sleep(off_s)
        if what == "bridge, then plc":
            cut_plc()
            time.sleep(between_s)
        if what != "plc":
            bridge.on()
            wait_for_modbus(running)
        cuts[what] += 1
    return cuts


def _wait_for_plc(running: Processes) -> None:
    """Return once the PLC runs. Raises Unavailable."""
    give_up_s = time.monotonic() + START_TIMEOUT_S
    while not running.run_folder.soft_plc_report.exists():
        if time.monotonic() > give_up_s:
            raise Unavailable("the simulated PLC", running.log_tail("soft-plc"))
        time.sleep(0.05)


def _settled(running: Processes, inspection: Inspection, cuts: Mapping[str, int]) -> PowerFacts:
    """Return the facts once storage has all of them, or as they stand after a minute."""
    give_up_s = time.monotonic() + SETTLE_S
    unit = json.loads(running.run_folder.soft_plc_report.read_text())["units"][str(UNIT)]
    while not (_is_told(running) and inspection.is_silent) and time.monotonic() < give_up_s:
        time.sleep(0.25)
    with open_sessions(running.database_url)() as session:
        return PowerFacts(
            cuts=cuts,
            said=dict(inspection.said),
            ledger=ledger(session),
            disposed=disposed_parts(session),
            epochs=_epochs(running),
            unit=unit,
        )


def _is_told(running: Processes) -> bool:
    """Return whether the bridge has no open part, and storage has everything of it."""
    open_parts = "SELECT count(*) FROM triggers"
    untold = "SELECT count(*) FROM dispositions WHERE stored < revision"
    unknown = (
        "SELECT count(*) FROM epochs WHERE last_seq >= first_seq AND stored_last_seq < last_seq"
    )
    with closing(sqlite3.connect(running.run_folder.bridge_journal)) as journal:
        return all(journal.execute(q).fetchone() == (0,) for q in (open_parts, untold, unknown))


def _epochs(running: Processes) -> list[Epoch]:
    with closing(sqlite3.connect(running.run_folder.bridge_journal)) as journal:
        rows = journal.execute(
            "SELECT epoch, plc_boot_id, after_jump FROM epochs WHERE station = ?", (STATION,)
        )
        return [Epoch(epoch, boot_id, bool(jump)) for epoch, boot_id, jump in rows]
