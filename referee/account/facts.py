"""Reads what a run recorded, in SQL and in the simulated PLC's report."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from contracts.camera import camera_settings
from contracts.causes import Decision
from contracts.line import LineFile
from ingest.cameras.replay import ReplayCamera
from referee.account.summary import RunFacts
from referee.line.running_line import RunningLine
from simulation.truth import is_defective, kinds_of_folder, truth_of
from storage.queries import (
    DecidedPart,
    LedgerRow,
    PartTimes,
    decided_parts,
    latencies,
    ledger,
    open_sessions,
)

LEDGER_TIMEOUT_S = 60.0


def settled_facts(
    line: LineFile, running: RunningLine, restarts: Counter[str], since_utc_ns: int
) -> RunFacts:
    """Return the run's facts when its ledger is closed, or after a minute."""
    report = json.loads(running.folder.soft_plc_report.read_text())
    triggered = sum(unit["triggered"] for unit in report["units"].values())
    sessions = open_sessions(running.folder.database_url)
    deadline = time.monotonic() + LEDGER_TIMEOUT_S
    rows: list[LedgerRow] = []
    while time.monotonic() < deadline and not _is_closed(rows, triggered):
        running.watch.follow(0.25)
        with sessions() as session:
            rows = ledger(session, since_utc_ns=since_utc_ns)
    with sessions() as session:
        parts = decided_parts(session, since_utc_ns)
        times = latencies(session, since_utc_ns=since_utc_ns, limit=len(parts))
    return RunFacts(
        units={name: station.plc_unit for name, station in line.stations.items()},
        ledger=rows,
        parts=parts,
        report=report,
        capture_to_plc_ms=_capture_to_plc_ms(parts, times),
        restarts=restarts,
    )


def _is_closed(rows: Sequence[LedgerRow], triggered: int) -> bool:
    return all(row.closed for row in rows) and sum(row.triggered for row in rows) >= triggered


def _capture_to_plc_ms(parts: Sequence[DecidedPart], times: Sequence[PartTimes]) -> list[float]:
    """Of every part with a pass or a reject: a verdict that came late did not get there."""
    inspected = {one.part for one in parts if one.decision is not Decision.NO_VERDICT}
    return [
        one.capture_to_plc_ms
        for one in times
        if one.part in inspected and one.capture_to_plc_ms is not None
    ]


def known_truth(line: LineFile, images: Path | None) -> Callable[[str], bool | None]:
    """Whether the part behind a frame's source is defective; None where nobody knows."""
    cameras = [camera_settings(station.camera) for station in line.stations.values()]
    folders = {
        images or Path(camera.folder or ".")
        for camera in cameras
        if isinstance(camera, ReplayCamera)
    }
    kinds = {source: kind for folder in folders for source, kind in kinds_of_folder(folder).items()}

    def truth(source: str) -> bool | None:
        kind = truth_of(source, kinds)
        return None if kind is None else is_defective(kind)

    return truth
