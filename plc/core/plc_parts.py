"""The parts of a station whose PLC triggers: it counts them in 16 bits and announces each. Pure."""

from __future__ import annotations

from contracts.messages import CaptureNotice, SequenceRange, Trigger
from plc.core.counting import Counting
from plc.core.part import Part
from plc.core.part_source import ArrivedVerdict, Moment
from plc.core.phases import ErrorCode
from plc.core.plc_image import PlcChanges
from plc.core.sequence import LARGEST_ABSENCE, Move, advance, mint_epoch


class PlcParts:
    """Begins and misses the station's parts as its PLC counts them."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._numbering = counting.numbering
        self._book = counting.book

    def take_charge(self, moment: Moment) -> None:
        """The PLC's numbers begin where its counter stands, after those of the camera."""
        if moment.image.plc_boot_id:
            self._open_epoch(moment.image.trigger_seq + 1, moment)

    def resync(self, changes: PlcChanges, moment: Moment) -> None:
        """TriggerSeq says where the PLC's counter stands. What it counted alone was missed."""
        if not changes.resync:
            return
        seq16 = moment.image.trigger_seq
        if moment.image.plc_boot_id != self._numbering.plc_boot_id:
            # Nobody knows whether the counter went on or began anew: nothing before it is missed.
            self._open_epoch(seq16 + 1, moment)
            return
        step = advance(self._numbering.last_seq, seq16, LARGEST_ABSENCE)
        if step.move is Move.JUMP:
            if changes.introducing:
                return
            self._jump(seq16 + 1, moment)
        self._counting.miss_through(step.trigger_seq, moment)
        self._book.trigger_echo = seq16

    def trigger_by_plc(self, changes: PlcChanges, moment: Moment) -> None:
        """A change of TriggerSeq is a part, unless the same write was a resync.

        A jump on a new connection is a PLC that has started anew and writes its boot id next.
        """
        if not changes.triggered or changes.resync:
            return
        step = advance(self._numbering.last_seq, moment.image.trigger_seq)
        if step.move is Move.SAME or (step.move is Move.JUMP and changes.introducing):
            return
        if step.move is Move.JUMP:
            self._jump(step.trigger_seq, moment)
        if not moment.image.coil("trigger_enable"):
            self._counting.miss_through(step.trigger_seq, moment)
            return
        self._counting.miss_through(step.trigger_seq - 1, moment)
        self._begin_part(step.trigger_seq, moment)

    def captured(self, notice: CaptureNotice, moment: Moment) -> bool:
        """No camera triggers these parts."""
        return False

    def numbered(self, reached: SequenceRange, moment: Moment) -> None:
        """Ingest does not number these parts."""

    def keeps(self, arrived: ArrivedVerdict) -> bool:
        """No verdict comes before its part: its picture is asked for once the part is journaled."""
        return False

    def end(self, moment: Moment) -> None:
        """The PLC would have announced them with the next one."""

    def tick(self, moment: Moment) -> tuple[ArrivedVerdict, ...]:
        """Nothing is due here by time alone."""
        return ()

    def _begin_part(self, trigger_seq: int, moment: Moment) -> None:
        now, image, terms = moment
        trigger = Trigger(
            part=self._numbering.key(trigger_seq),
            part_id=image.part_id,
            encoder=image.encoder,
            started_at=now,
            deadline_ms=terms.deadline_ms,
            challenge=image.coil("challenge_mode"),
            recipe=terms.recipe,
        )
        self._book.begin(Part(trigger, terms.mode, terms.release_id))

    def _jump(self, first_seq: int, moment: Moment) -> None:
        self._open_epoch(first_seq, moment, after_jump=True)
        self._book.state.fault(ErrorCode.SEQUENCE_JUMP)

    def _open_epoch(self, first_seq: int, moment: Moment, *, after_jump: bool = False) -> None:
        epoch = mint_epoch(self._numbering.epoch, moment.now.utc_ns)
        boot_id = moment.image.plc_boot_id
        self._book.epoch_is_durable = False
        self._book.state.meet_plc()
        self._counting.begin_epoch(epoch, boot_id, first_seq, moment.now, after_jump=after_jump)
