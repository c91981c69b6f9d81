"""The five cases that docs/plc.md shows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from contracts.causes import Decision
from simulation.timing.drawing import Mark, Picture, Row, svg
from simulation.timing.trial import BEFORE_MS, DEADLINE_MS, Say, Trial

RAM = Path("/dev/shm")  # the clock is the trial's: here a flush need not wait for a disk


class Scene(NamedTuple):
    """A case. ``says`` by sequence, ``at`` by ms after the first trigger."""

    title: str
    until_ms: int
    says: Mapping[int, Say]
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...]
    at: Mapping[int, Callable[[Trial], object]] = {}
    parts: int = 1


ALWAYS = (
    Row("trigger_seq", "plc"),
    Row("trigger_echo", "bridge"),
    Row("result_valid", "bridge", level=True),
    Row("seq_head", "bridge"),
    Row("verdict", "bridge"),
    Row("ack_seq", "plc"),
    Row("ack_echo", "bridge"),
    Row("ack_state", "bridge"),
    Row("slot 1", "plc"),
)
CONFIRM, CAUSE = Row("reject_confirm_seq", "plc"), Row("cause", "bridge")
LEDGER = Row("ledger 1", "ledger")
TRIGGER, DEADLINE, GATE = Mark(0, "trigger"), Mark(DEADLINE_MS, "deadline"), Mark(800, "gate")

SCENES = {
    "pass": Scene(
        "A pass in time: the slot is cleared when the acknowledgement is on disk",
        900,
        {1: (250, Decision.PASS)},
        (*ALWAYS, LEDGER),
        (TRIGGER, Mark(250, "verdict"), DEADLINE, GATE),
    ),
    "reject": Scene(
        "A reject: nothing has to arrive for the gate to eject",
        900,
        {1: (250, Decision.REJECT)},
        (*ALWAYS, CONFIRM, LEDGER),
        (TRIGGER, Mark(250, "verdict"), DEADLINE, GATE),
    ),
    "late": Scene(
        "A pass that comes after the deadline: timeout, and the late pass is only noted",
        900,
        {1: (700, Decision.PASS)},
        (*ALWAYS, CAUSE, CONFIRM, LEDGER),
        (TRIGGER, DEADLINE, Mark(700, "verdict"), GATE),
    ),
    "unacknowledged": Scene(
        "A pass whose acknowledgement arrives too late: taken off, answered with 2",
        900,
        {1: (610, Decision.PASS)},
        (*ALWAYS, CONFIRM, LEDGER),
        (
            TRIGGER,
            Mark(610, "verdict"),
            Mark(635, "network stalls"),
            DEADLINE,
            Mark(690, "goes on"),
            GATE,
        ),
        {635: Trial.cut, 690: Trial.mend},
    ),
    "killed": Scene(
        "The bridge is killed while part 1's acknowledgement is not on disk yet; part 2 follows",
        1900,
        {1: (250, Decision.PASS), 2: (250, Decision.PASS)},
        (
            *ALWAYS,
            Row("slot 2", "plc"),
            Row("phase", "bridge"),
            Row("bridge_boot_id", "bridge"),
            CONFIRM,
            LEDGER,
            Row("ledger 2", "ledger"),
        ),
        (
            TRIGGER,
            Mark(283, "killed"),
            Mark(600, "starts again"),
            Mark(700, "PLC reconnects"),
            GATE,
            Mark(1000, "trigger 2"),
            Mark(1800, "gate"),
        ),
        {283: Trial.kill, 590: Trial.cut, 600: Trial.start, 700: Trial.mend},
        parts=2,
    ),
}


def picture(scene: Scene) -> str:
    """Run the case and draw it."""
    with tempfile.TemporaryDirectory(dir=RAM if RAM.is_dir() else None) as folder:
        trial = Trial(Path(folder) / "trial.sqlite", scene.parts)
        seen = trial.run(scene.until_ms, scene.says, scene.at)
    return svg(Picture(scene.title, scene.rows, seen, scene.marks, -BEFORE_MS))
