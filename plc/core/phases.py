"""The state of one station's bridge, from what is up and what is latched. Pure.

    OFFLINE -> INIT -> READY -> RUNNING -> DEGRADED; any -> FAULT -> INIT; any -> OFFLINE

No phase changes how a part is judged: a pass is a part's own, in time, in every one of them. A
phase says what the line should do: TriggerReady, Degraded, Error, LineStopReq.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple


class BridgePhase(IntEnum):
    """The value is what the register shows."""

    OFFLINE = 0
    INIT = 1
    READY = 2
    RUNNING = 3
    DEGRADED = 4
    FAULT = 5


class ErrorCode(IntEnum):
    """Why a station is not ready, or in FAULT. The value is what the register shows."""

    NONE = 0
    PLC_SILENT = 1  # the PLC's heartbeat is older than 2 s
    NO_RESYNC = 2  # the PLC has not written its boot id, or it is not yet in the journal
    NO_BROKER = 3
    NO_JOURNAL = 4
    NO_RELEASE = 5
    NO_INFERENCE = 6
    NO_CAMERA = 7
    SEQUENCE_JUMP = 8  # TriggerSeq went backwards, or too far
    UNCONFIRMED_REJECT = 9  # the gate did not confirm a part it was to eject
    LINE_STOP = 10  # too many parts in a row that were not a pass
    OVERRUN = 11  # the PLC left results unread
    SET_OFFLINE = 12
    UNKNOWN_RECIPE = 13  # the PLC selected a recipe that the release has not
    STATION_REMOVED = 14  # the line has no such station any more


class Health(NamedTuple):
    """What is up, seen from one station.

    Attributes:
        recipe: the release has the recipe that the PLC selected.
        agreed: inference has the same release. Shown, and no condition for parts: each is judged
            by the release of its own trigger or not at all.
    """

    broker: bool = False
    journal: bool = False
    release: bool = False
    inference: bool = False
    camera: bool = False
    plc_known: bool = False
    plc_alive: bool = False
    recipe: bool = False
    agreed: bool = False

    def first_missing(self) -> ErrorCode:
        """The first thing that keeps a station from being ready."""
        for up, code in (
            (self.journal, ErrorCode.NO_JOURNAL),
            (self.broker, ErrorCode.NO_BROKER),
            (self.release, ErrorCode.NO_RELEASE),
            (self.recipe, ErrorCode.UNKNOWN_RECIPE),
            (self.inference, ErrorCode.NO_INFERENCE),
            (self.camera, ErrorCode.NO_CAMERA),
            (self.plc_known, ErrorCode.NO_RESYNC),
            (self.plc_alive, ErrorCode.PLC_SILENT),
        ):
            if not up:
                return code
        return ErrorCode.NONE


@dataclass
class BridgeState:
    """Phase and latches of one station."""

    phase: BridgePhase = BridgePhase.OFFLINE
    line_stop: bool = False
    faults: set[ErrorCode] = field(default_factory=set)
    health: Health = field(default_factory=Health)
    set_offline: bool = False
    running: bool = False
    removed: bool = False

    def update(self, health: Health, *, set_offline: bool, running: bool) -> None:
        """Follow what is up and what the PLC asks for."""
        was_ready = self.phase not in (BridgePhase.OFFLINE, BridgePhase.INIT)
        if was_ready and health.plc_known and not health.plc_alive:
            self.faults.add(ErrorCode.PLC_SILENT)
        if was_ready and health.release and not health.recipe:
            self.faults.add(ErrorCode.UNKNOWN_RECIPE)
        self.health = health
        self.set_offline = set_offline
        self.running = running
        self.phase = self._next(was_ready)

    def fault(self, code: ErrorCode) -> None:
        """Latch a fault until ClearError."""
        self.faults.add(code)
        self.phase = self._next(True)

    def remove(self) -> None:
        """Go offline for good: the line has no such station any more."""
        self.removed = True
        self.phase = BridgePhase.OFFLINE

    def meet_plc(self) -> None:
        """Start over from INIT: the PLC has started anew, and its epoch is not on disk yet."""
        if self.trigger_ready:
            self.phase = BridgePhase.INIT

    def stop_line(self) -> None:
        """Latch LineStopReq, a fault of its own."""
        self.line_stop = True
        self.fault(ErrorCode.LINE_STOP)

    def clear_line_stop(self) -> None:
        """The PLC has seen it; the fault itself goes with ClearError."""
        self.line_stop = False

    def clear_error(self) -> None:
        """Drop the latches whose cause is gone and start over from INIT."""
        keep = set()
        if self.line_stop:
            keep.add(ErrorCode.LINE_STOP)
        if not self.health.plc_alive:
            keep.add(ErrorCode.PLC_SILENT)
        if not self.health.recipe:
            keep.add(ErrorCode.UNKNOWN_RECIPE)
        self.faults &= keep
        if self.phase is BridgePhase.FAULT and not self.faults:
            self.phase = BridgePhase.INIT
            self.phase = self._next(False)

    @property
    def trigger_ready(self) -> bool:
        """Whether the PLC should send parts. DEGRADED takes them on: each must be in the ledger."""
        return self.phase in (BridgePhase.READY, BridgePhase.RUNNING, BridgePhase.DEGRADED)

    @property
    def error_code(self) -> ErrorCode:
        """Why the station is not ready; NONE if it is."""
        if self.removed:
            return ErrorCode.STATION_REMOVED
        if self.set_offline:
            return ErrorCode.SET_OFFLINE
        if self.faults:
            return min(self.faults)
        return self.health.first_missing()

    def _next(self, was_ready: bool) -> BridgePhase:
        if self.set_offline or self.removed:
            return BridgePhase.OFFLINE
        if self.faults:
            return BridgePhase.FAULT
        if self.health.first_missing() is ErrorCode.NONE:
            return BridgePhase.RUNNING if self.running else BridgePhase.READY
        return BridgePhase.DEGRADED if was_ready else BridgePhase.INIT
