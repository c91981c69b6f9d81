"""The open parts of one station: decided, shown, acknowledged, settled. Pure.

Here and nowhere else a part becomes a pass: its own verdict in time, its intent journaled, shown in
time, acknowledged in time, and that acknowledgement journaled before the PLC is answered.
"""

from __future__ import annotations

from typing import NamedTuple

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.identity import PartKey, Stamp
from contracts.messages import Disposition, Verdict
from plc.core.confirmations import Confirmations
from plc.core.display import Display
from plc.core.effects import AskPicture, Effect, LogIntent, LogTrigger, NoteGate, NoteLate, Settle
from plc.core.numbering import Numbering
from plc.core.outages import Outages
from plc.core.part import Part, PartPhase
from plc.core.phases import BridgeState, ErrorCode

ACCEPTED, REFUSED, NOTED = 1, 2, 3


class Timing(NamedTuple):
    """How long things may take, in milliseconds."""

    hold_ms: int = 50
    result_ack_ms: int = 1000
    plc_stale_ms: int = 2000
    confirm_ms: int = 10_000
    clock_bound_ms: int = 50
    plc_grace_ms: int = 60_000


class PartBook:
    """Open parts by sequence, all of the newest epoch, and what the registers say of them."""

    def __init__(
        self, numbering: Numbering, state: BridgeState, outages: Outages, timing: Timing
    ) -> None:
        self.numbering = numbering
        self.state = state
        self.outages = outages
        self.display = Display(timing.hold_ms * 1_000_000, timing.result_ack_ms * 1_000_000)
        self.confirmations = Confirmations(timing.confirm_ms)
        self.open: dict[int, Part] = {}
        self.effects: list[Effect] = []
        self.ack_echo = self.ack_state = self.trigger_echo = 0
        self.consecutive = self.overruns = self.unconfirmed = 0
        self.overrun_latch = False
        self.missed_latch = False
        self.epoch_is_durable = True
        self.reject_limit = 0
        self.buffered = True
        self._answering: Part | None = None  # acknowledged in time, the answer is on its way
        self._accepted: Part | None = None  # the last pass that the PLC was told to clear

    def begin(self, part: Part) -> None:
        """Open a part that the PLC or the camera announced."""
        self.open[part.key.trigger_seq] = part
        self.numbering.last_seq = part.key.trigger_seq
        self.effects.append(LogTrigger(part.trigger, part.mode, part.release_id))

    def trigger_is_durable(self, op: LogTrigger, now: Stamp) -> None:
        """Ask for the part's picture: the journal has its trigger."""
        part = self.open_part(op.trigger.part)
        if part is None or part.phase is not PartPhase.TRIGGERED:
            return
        part.await_verdict()
        refused = part.refused or (None if part.release_id else Cause.NO_RELEASE)
        if refused:
            self._expire(part, refused, now)
        elif not part.is_captured:
            self.effects.append(AskPicture(part.trigger))

    def verdict(
        self,
        verdict: Verdict,
        active_release_id: str,
        now: Stamp,
        arrived_at: Stamp | None = None,
    ) -> None:
        """Apply a verdict. The first one of a part stands; one that is late is noted."""
        part = self.open_part(verdict.part)
        if part is None:
            self._note_late(verdict)
        elif part.takes(verdict):
            part.decide(verdict, active_release_id, now)
            part.verdict_arrived_at = arrived_at
            self._intend(part)
            if part.late is verdict:
                self._note_late(verdict)
        elif part.phase is PartPhase.EXPIRED and part.late is None:
            part.late = verdict
            self._note_late(verdict)

    def intent_is_durable(self, op: LogIntent) -> None:
        """Offer the decision to the registers: the journal has it, and it still stands."""
        part = self.open_part(op.key)
        if part is None or part.decision is not op.decision or part.cause is not op.cause:
            return
        part.intended = True
        self.display.offer(part)

    def acknowledge(self, seq16: int, now: Stamp) -> None:
        """Apply the PLC's acknowledgement."""
        part = self._shown_or_open(seq16)
        if part is not None and part.phase is PartPhase.PRESENTED and part.is_pass:
            part.acknowledge(now)
            self._answering = part
            self.ack_state = 0  # an older answer to the same 16 bits is not this part's
            self.settle(part, now)
        elif part is not None and part.phase is PartPhase.PRESENTED:
            part.acknowledge(now)
            self._answer(seq16, NOTED)
        elif part is None or part is not self._answering:
            self._answer(seq16, ACCEPTED if self._is_accepted(seq16) else REFUSED)

    def settle_is_durable(self, op: Settle) -> None:
        """Answer a pass's acknowledgement: it is in the journal, the PLC may clear the slot."""
        part = self._answering
        if part is None or part.key != op.disposition.part:
            return
        self._answering = None
        self._accepted = part
        self._answer(part.seq16, ACCEPTED)
        self.display.drop(part)

    def gate_said(self, seq16: int, gate: Gate) -> None:
        """Note what the gate's sensor reports of a part, settled or not."""
        seq = self.numbering.back_to(seq16)
        if gate is not Gate.EJECTED:
            self._count_unconfirmed()
        part = self.open.get(seq)
        if part is not None:
            part.gate = gate
            return
        note = self.confirmations.take(seq, gate)
        if note is None and seq >= 0:
            note = NoteGate(self.numbering.key(seq), gate)
        if note is not None:
            self.effects.append(note)

    def settle(self, part: Part, now: Stamp) -> None:
        """Write the part's one disposition to the journal and close the part."""
        disposition = part.settle()
        del self.open[part.key.trigger_seq]
        self.effects.append(Settle(disposition, part.decided_ns))
        self.count(disposition)
        if disposition.gate is Gate.PENDING:
            self.confirmations.expect(part.key, part, now)
        elif part.gate is not None and part.phase is not PartPhase.ACKED:
            part.confirm(part.gate)

    def count(self, disposition: Disposition) -> None:
        """Count the part, and the parts in a row that did not pass."""
        self.numbering.counts.add(disposition.decision, disposition.cause)
        passed = disposition.decision is Decision.PASS
        self.consecutive = 0 if passed else self.consecutive + 1
        stops = disposition.mode is Mode.GUARD and 0 < self.reject_limit <= self.consecutive
        if stops and not self.state.line_stop:
            self.state.stop_line()

    def close_all(self, now: Stamp, cause: Cause = Cause.PLC_RESTART) -> None:
        """Close every open part without a pass: the PLC forgot them, or counts from the start."""
        self.close_open(now, cause)
        self.display.clear()
        self.confirmations.clear()
        self.ack_echo = self.ack_state = 0
        self._answering = self._accepted = None

    def close_open(self, now: Stamp, cause: Cause) -> None:
        """Close every open part without a pass. A pass that was acknowledged is answered still."""
        for part in list(self.open.values()):
            self._withdraw(part, cause, now)

    def tick(self, now: Stamp) -> None:
        """Deadlines, results that nobody read, ejections that nobody confirmed; then show."""
        for part in [part for part in self.open.values() if not part.in_time(now)]:
            self._time_is_up(part, now)
        for part in self.display.take_stale(now):
            self._overrun()
            self.settle(part, now)
        for note in self.confirmations.overdue(now):
            self._count_unconfirmed()
            self.effects.append(note)
        self.show(now)

    def show(self, now: Stamp) -> None:
        """Put the next result on the registers, if there is room for it."""
        part = self.display.next(now, buffered=self.buffered)
        if part is None:
            return
        if self.display.show(part, now) and self.buffered:
            self._overrun()
        part.present(now)
        if not part.is_pass:
            self.settle(part, now)

    def _time_is_up(self, part: Part, now: Stamp) -> None:
        if part.phase is PartPhase.AWAITING:
            self._expire(part, self.outages.cause(part), now)
        elif part.is_pass and part.phase is PartPhase.PRESENTED:
            self._withdraw(part, Cause.UNACKNOWLEDGED, now)
        elif part.is_pass:  # its turn on the registers did not come: they show that it is none
            self.display.drop(part)
            part.intended = False
            self._expire(part, Cause.EXPIRED, now)

    def _expire(self, part: Part, cause: Cause, now: Stamp) -> None:
        part.expire(cause, now)
        self._intend(part)

    def _withdraw(self, part: Part, cause: Cause, now: Stamp) -> None:
        """Close the part without a pass and without showing it: its slot is a reject already."""
        if part.phase is not PartPhase.EXPIRED and (part.is_pass or part.decision is None):
            part.expire(cause, now)
        self.display.drop(part)
        self.settle(part, now)

    def open_part(self, key: PartKey) -> Part | None:
        """Return the part if it is open, None if it is not."""
        part = self.open.get(key.trigger_seq)
        return part if part is not None and part.key == key else None

    def _intend(self, part: Part) -> None:
        verdict_id = part.verdict.verdict_id if part.verdict else None
        assert part.decision is not None
        intent = LogIntent(part.key, part.decision, part.cause, verdict_id, part.judged_under)
        self.effects.append(intent)

    def _note_late(self, verdict: Verdict) -> None:
        self.effects.append(NoteLate(verdict.part, verdict.verdict_id, verdict.decision))

    def _answer(self, seq16: int, state: int) -> None:
        self.ack_echo = seq16
        self.ack_state = state

    def _is_accepted(self, seq16: int) -> bool:
        last = self._accepted
        return last is not None and last.key.trigger_seq == self.numbering.back_to(seq16)

    def _shown_or_open(self, seq16: int) -> Part | None:
        shown = self.display.shown
        if shown is not None and shown.seq16 == seq16:
            return shown
        return self.open.get(self.numbering.back_to(seq16))

    def _count_unconfirmed(self) -> None:
        self.unconfirmed += 1
        self.state.fault(ErrorCode.UNCONFIRMED_REJECT)

    def _overrun(self) -> None:
        self.overruns += 1
        self.overrun_latch = True
        self.state.fault(ErrorCode.OVERRUN)
