"""How a station's parts are counted on: new epochs, and parts that nobody announced. Pure."""

from __future__ import annotations

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.identity import Stamp
from contracts.messages import Disposition
from plc.core.effects import LogMissed, OpenEpoch
from plc.core.numbering import Numbering
from plc.core.part_book import PartBook
from plc.core.part_source import Moment

MISSED_AT_ONCE = 256


class Counting:
    """The newest epoch of one station, begun and filled without gaps."""

    def __init__(self, numbering: Numbering, book: PartBook) -> None:
        self.numbering = numbering
        self.book = book

    def begin_epoch(
        self,
        epoch: int,
        plc_boot_id: int,
        first_seq: int,
        now: Stamp,
        cause: Cause = Cause.PLC_RESTART,
        *,
        after_jump: bool = False,
    ) -> None:
        """Parts are numbered anew, by the PLC or (``plc_boot_id`` 0) by ingest.

        What is open can be no pass any more: ``cause`` says why.
        """
        self.book.close_all(now, cause)
        self.numbering.begin(epoch, plc_boot_id, first_seq)
        self.book.trigger_echo = (first_seq - 1) & 0xFFFF
        station = self.numbering.station
        self.book.effects.append(OpenEpoch(station, epoch, plc_boot_id, first_seq, after_jump))

    def miss_through(self, last_seq: int, moment: Moment) -> None:
        """Book the parts up to this one as missed: nobody announced them.

        In portions, so that no single commit is a long one.
        """
        while self.numbering.last_seq < last_seq:
            self.book.missed_latch = True
            first_seq = self.numbering.last_seq + 1
            portion = range(first_seq, min(last_seq + 1, first_seq + MISSED_AT_ONCE))
            self._miss(tuple(self._missed(seq, moment) for seq in portion), moment.now)

    def _miss(self, dispositions: tuple[Disposition, ...], now: Stamp) -> None:
        self.numbering.last_seq = dispositions[-1].part.trigger_seq
        self.book.effects.append(LogMissed(dispositions))
        for disposition in dispositions:
            self.book.count(disposition)
            if disposition.gate is Gate.PENDING:
                self.book.confirmations.expect(disposition.part, None, now)

    def _missed(self, trigger_seq: int, moment: Moment) -> Disposition:
        mode = moment.terms.mode
        return Disposition(
            part=self.numbering.key(trigger_seq),
            part_id=0,
            decision=Decision.NO_VERDICT,
            cause=Cause.MISSED_TRIGGER,
            mode=mode,
            release_id=moment.terms.release_id,
            started_at=moment.now,
            gate=Gate.PENDING if mode is Mode.GUARD else Gate.NOT_ASKED,
        )
