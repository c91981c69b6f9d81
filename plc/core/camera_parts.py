"""The parts of a station whose camera triggers: ingest numbers and announces them. Pure.

The first notice of a part begins it, and a later one changes nothing: numbers only rise. A number
that was left out is a part that nobody saw, a missed trigger. Ingest's retained state says how far
its numbers are, so that parts whose notices never came are closed too when no other one follows.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from contracts.causes import Cause
from contracts.identity import PartKey, Stamp
from contracts.messages import CaptureNotice, SequenceRange, Trigger
from plc.core.counting import Counting
from plc.core.part import Part, PartPhase
from plc.core.part_source import ArrivedVerdict, Moment
from plc.core.phases import ErrorCode
from plc.core.plc_image import PlcChanges
from plc.core.sequence import LARGEST_ABSENCE

NOTICE_MAY_TAKE_NS = 2_000_000_000
EARLY_VERDICTS = 64
REMEMBERED = 32


class _Numbered(NamedTuple):
    reached: SequenceRange
    heard_ns: int


class CameraParts:
    """Begins and misses the station's parts as ingest numbers them."""

    def __init__(self, counting: Counting, clock_bound_ms: int) -> None:
        self._counting = counting
        self._numbering = counting.numbering
        self._book = counting.book
        self._clock = CaptureClock(clock_bound_ms)
        self._numbered: _Numbered | None = None
        self._early: dict[PartKey, ArrivedVerdict] = {}

    def take_charge(self, moment: Moment) -> None:
        """Ingest's next number begins an epoch of its own."""

    def resync(self, changes: PlcChanges, moment: Moment) -> None:
        """The PLC does not number these parts. If it starts anew, it has forgotten them."""
        if changes.introduced and changes.before.plc_boot_id:
            self._book.close_all(moment.now)

    def trigger_by_plc(self, changes: PlcChanges, moment: Moment) -> None:
        """The PLC does not trigger these parts."""

    def captured(self, notice: CaptureNotice, moment: Moment) -> bool:
        """The camera triggered a part: its clock runs since the capture."""
        key, now = notice.part, moment.now
        self._reach(key.epoch, key.trigger_seq - 1, moment)
        if self._is_numbered(key):
            return True
        started_at = self._clock.start(notice.captured_at, now)
        trigger = Trigger(
            part=key,
            part_id=notice.part_id,
            started_at=started_at or now,
            deadline_ms=notice.deadline_ms,
            challenge=moment.image.coil("challenge_mode"),
        )
        part = Part(trigger, moment.terms.mode, moment.terms.release_id, is_captured=True)
        part.refused = None if started_at else Cause.CLOCK
        self._book.begin(part)
        return True

    def numbered(self, reached: SequenceRange, moment: Moment) -> None:
        """Ingest says how far its numbers are; notices of them may be on their way."""
        newest = self._numbering.epoch, self._numbering.last_seq
        if self._numbered is None and (reached.epoch, reached.last_seq) > newest:
            self._numbered = _Numbered(reached, moment.now.monotonic_ns)

    def keeps(self, arrived: ArrivedVerdict) -> bool:
        """Return whether the verdict came before its part was begun and journaled."""
        part = arrived.verdict.part
        if not self._is_early(part):
            return False
        if len(self._early) >= EARLY_VERDICTS:
            del self._early[next(iter(self._early))]
        self._early.setdefault(part, arrived)
        return True

    def end(self, moment: Moment) -> None:
        """Miss the parts that ingest has numbered and whose notices have not come."""
        known, self._numbered = self._numbered, None
        if known is not None:
            self._reach(known.reached.epoch, known.reached.last_seq, moment)

    def tick(self, moment: Moment) -> list[ArrivedVerdict]:
        """Miss parts whose notices never came; return verdicts that need not wait any longer."""
        known = self._numbered
        if known is not None and moment.now.monotonic_ns - known.heard_ns >= NOTICE_MAY_TAKE_NS:
            self.end(moment)
        due = [key for key in self._early if not self._is_early(key)]
        return [self._early.pop(key) for key in due]

    def _reach(self, epoch: int, last_seq: int, moment: Moment) -> None:
        """Every part up to this one has a disposition, or will have."""
        numbering = self._numbering
        if epoch < numbering.epoch:
            return
        if epoch > numbering.epoch:
            is_known = last_seq <= LARGEST_ABSENCE
            first_seq = 1 if is_known else last_seq + 1
            self._counting.begin_epoch(
                epoch, 0, first_seq, moment.now, Cause.CAMERA_LOST, after_jump=not is_known
            )
        if last_seq - numbering.last_seq > LARGEST_ABSENCE:
            numbering.last_seq = last_seq  # too many to be written at once: the ledger stays open
            self._book.state.fault(ErrorCode.SEQUENCE_JUMP)
        self._counting.miss_through(last_seq, moment)

    def _is_numbered(self, key: PartKey) -> bool:
        newest = self._numbering
        return (key.epoch, key.trigger_seq) <= (newest.epoch, newest.last_seq)

    def _is_early(self, key: PartKey) -> bool:
        part = self._book.open_part(key)
        if part is not None:
            return part.phase is PartPhase.TRIGGERED
        return not self._is_numbered(key)


class CaptureClock:
    """When a part's clock started that the camera triggered, on the bridge's own clock.

    On the same boot of the same machine that is the capture itself. From another machine only the
    wall clocks tell, and how far those are apart shows in the ages of notices: a notice takes its
    time, so the youngest of the last ones is about as old as the clocks are apart.
    """

    def __init__(self, bound_ms: int) -> None:
        """Wall clocks further apart than the bound are not believed."""
        self._bound_ns = bound_ms * 1_000_000
        self._boot_id = ""
        self._ages_ns: deque[int] = deque(maxlen=REMEMBERED)

    def start(self, captured_at: Stamp, now: Stamp) -> Stamp | None:
        """Return the capture on the clock of ``now``, None if the clocks do not agree."""
        if captured_at.boot_id == now.boot_id:
            return captured_at if captured_at.monotonic_ns <= now.monotonic_ns else None
        age_ns, youngest_ns = now.utc_ns - captured_at.utc_ns, self._youngest(captured_at, now)
        if abs(youngest_ns) > self._bound_ns:
            return None
        return Stamp(
            utc_ns=captured_at.utc_ns,
            monotonic_ns=now.monotonic_ns - age_ns + min(youngest_ns, 0),
            boot_id=now.boot_id,
        )

    def _youngest(self, captured_at: Stamp, now: Stamp) -> int:
        if captured_at.boot_id != self._boot_id:
            self._boot_id = captured_at.boot_id
            self._ages_ns.clear()
        self._ages_ns.append(now.utc_ns - captured_at.utc_ns)
        return min(self._ages_ns)
