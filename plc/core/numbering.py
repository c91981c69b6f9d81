"""What a station knows of its sequence: the newest epoch and how far it went. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.identity import PartKey
from plc.core.ledger_count import LedgerCount


@dataclass
class Numbering:
    """The newest epoch of a station, as its journal has it; epoch 0 before the first.

    Attributes:
        plc_boot_id: of the PLC that counts in this epoch; 0 before the first.
    """

    station: str
    epoch: int = 0
    plc_boot_id: int = 0
    first_seq: int = 1
    last_seq: int = 0
    counts: LedgerCount = field(default_factory=LedgerCount)

    def key(self, trigger_seq: int) -> PartKey:
        """The identity of a part of this epoch."""
        return PartKey(station=self.station, epoch=self.epoch, trigger_seq=trigger_seq)

    def back_to(self, seq16: int) -> int:
        """The newest sequence, not after the last one, that looks like ``seq16`` on the wire.

        Negative for one that cannot be of this epoch.
        """
        return self.last_seq - ((self.last_seq - seq16) & 0xFFFF)

    def begin(self, epoch: int, plc_boot_id: int, first_seq: int) -> None:
        """A new epoch."""
        self.epoch = epoch
        self.plc_boot_id = plc_boot_id
        self.first_seq = first_seq
        self.last_seq = first_seq - 1
        self.counts = LedgerCount()
