"""The parts of a station whose camera triggers: ingest numbers them and tells of each. Pure.

The first notice of a part begins it, and a later one changes nothing: numbers only rise. A number
that was left out is a part that nobody saw, a missed trigger. Ingest's retained state says how far
its numbers are, so that parts whose notices never came are closed too when no other one follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from contracts.causes import Cause
from contracts.identity import PartKey, Stamp
from contracts.messages import CaptureNotice, SequenceRange, Trigger, Verdict
from plc.core.capture_clock import CaptureClock
from plc.core.part import Part, PartPhase
from plc.core.phases import ErrorCode
from plc.core.sequence import LARGEST_ABSENCE

if TYPE_CHECKING:
    from plc.core.station import Station

NOTICE_MAY_TAKE_NS = 2_000_000_000
EARLY_VERDICTS = 64


class _Told(NamedTuple):
    reached: SequenceRange
    heard_ns: int


class CameraParts:
    """Begins and misses the station's parts as ingest numbers them."""

    def __init__(self, station: Station, clock_bound_ms: int) -> None:
        self._station = station
        self._clock = CaptureClock(clock_bound_ms)
        self._told: _Told | None = None
        self._early: dict[PartKey, tuple[Verdict, Stamp | None]] = {}

    def captured(self, notice: CaptureNotice, now: Stamp) -> None:
        """The camera triggered a part."""
        station, key = self._station, notice.part
        self._reach(key.epoch, key.trigger_seq - 1, now)
        if self._is_numbered(key):
            return
        started_at = self._clock.start(notice.captured_at, now)
        trigger = Trigger(
            part=key,
            part_id=notice.part_id,
            started_at=started_at or now,
            deadline_ms=notice.deadline_ms,
            challenge=station.image.coil("challenge_mode"),
        )
        part = Part(trigger, station.mode, station.release_id, is_captured=True)
        part.refused = None if started_at else Cause.CLOCK
        station.book.begin(part)

    def told(self, reached: SequenceRange, now: Stamp) -> None:
        """Ingest's state says how far its numbers are; notices of them may be on their way."""
        newest = self._station.numbering
        if self._told is None and (reached.epoch, reached.last_seq) > (
            newest.epoch,
            newest.last_seq,
        ):
            self._told = _Told(reached, now.monotonic_ns)

    def takes(self, verdict: Verdict, arrived_at: Stamp | None) -> bool:
        """Whether the verdict came before its part was begun and journaled: then it waits here."""
        if not self._is_early(verdict.part):
            return False
        if len(self._early) >= EARLY_VERDICTS:
            del self._early[next(iter(self._early))]
        self._early.setdefault(verdict.part, (verdict, arrived_at))
        return True

    def tick(self, now: Stamp) -> None:
        """Parts whose notices never came, and verdicts that need not wait any more."""
        told = self._told
        if told is not None and now.monotonic_ns - told.heard_ns >= NOTICE_MAY_TAKE_NS:
            self._told = None
            self._reach(told.reached.epoch, told.reached.last_seq, now)
        for key in [key for key in self._early if not self._is_early(key)]:
            self._station.pass_on(*self._early.pop(key), now)

    def _reach(self, epoch: int, last_seq: int, now: Stamp) -> None:
        """Every part up to this one has a disposition, or will have."""
        station, numbering = self._station, self._station.numbering
        if epoch < numbering.epoch:
            return
        if epoch > numbering.epoch:
            is_known = last_seq <= LARGEST_ABSENCE
            first_seq = 1 if is_known else last_seq + 1
            station.counting.begin_epoch(
                epoch, 0, first_seq, now, Cause.CAMERA_LOST, after_jump=not is_known
            )
        if last_seq - numbering.last_seq > LARGEST_ABSENCE:
            numbering.last_seq = last_seq  # too many to be written at once: the ledger stays open
            station.state.fault(ErrorCode.SEQUENCE_JUMP)
        station.miss_through(last_seq, now)

    def _is_numbered(self, key: PartKey) -> bool:
        newest = self._station.numbering
        return (key.epoch, key.trigger_seq) <= (newest.epoch, newest.last_seq)

    def _is_early(self, key: PartKey) -> bool:
        part = self._station.book.open.get(key.trigger_seq)
        if part is not None and part.key == key:
            return part.phase is PartPhase.TRIGGERED
        return not self._is_numbered(key)
