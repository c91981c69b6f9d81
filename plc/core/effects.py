"""What a station wants done: values that nothing changes later, so that any thread may read them.

The order within a station is the order in which the journal commits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.identity import PartKey, Stamp
from contracts.messages import Disposition, StoredItem, Trigger
from contracts.release import Activation
from contracts.roster import Roster


class JournalOp:
    """One operation of the journal.

    Attributes:
        may_be_dropped: no part is opened or disposed of by it, so that the ledger can do without
            it if the journal cannot hold it.
    """

    may_be_dropped: ClassVar[bool] = False

    @property
    def waiting_station(self) -> str | None:
        """The station that goes on only when this is durable; None if none waits."""
        return None

    @property
    def reached(self) -> PartKey | None:
        """The newest part that the ledger covers once this is durable; None if it adds none."""
        return None


@dataclass(frozen=True)
class OpenEpoch(JournalOp):
    """A new run of the trigger counter; ``after_jump`` if the same PLC changed its counter."""

    station: str
    epoch: int
    plc_boot_id: int
    first_seq: int
    after_jump: bool = False

    @property
    def waiting_station(self) -> str:
        return self.station


@dataclass(frozen=True)
class LogTrigger(JournalOp):
    """The part exists: from now on it must be disposed of."""

    trigger: Trigger
    mode: Mode
    release_id: str

    @property
    def waiting_station(self) -> str:
        return self.trigger.part.station

    @property
    def reached(self) -> PartKey:
        return self.trigger.part


@dataclass(frozen=True)
class LogMissed(JournalOp):
    """Parts that were never announced, from one sequence to another, in order."""

    dispositions: tuple[Disposition, ...]

    @property
    def waiting_station(self) -> str:
        return self.reached.station

    @property
    def reached(self) -> PartKey:
        return self.dispositions[-1].part


@dataclass(frozen=True)
class LogIntent(JournalOp):
    """What the registers are about to show for the part. The first one stands."""

    key: PartKey
    decision: Decision
    cause: Cause | None
    verdict_id: str | None
    release_id: str

    @property
    def waiting_station(self) -> str:
        return self.key.station


@dataclass(frozen=True)
class Settle(JournalOp):
    """The part's one disposition. For a pass this is also the journaled acknowledgement.

    Attributes:
        decided_ns: monotonic time of its decision.
    """

    disposition: Disposition
    decided_ns: int

    @property
    def waiting_station(self) -> str:
        return self.disposition.part.station


@dataclass(frozen=True)
class NoteGate(JournalOp):
    """What the gate's sensor said of a part that is settled."""

    may_be_dropped = True
    key: PartKey
    gate: Gate
    acknowledged_at: Stamp | None = None


@dataclass(frozen=True)
class NoteLate(JournalOp):
    """A verdict that was not applied: its part is settled, or will be without it."""

    may_be_dropped = True
    key: PartKey
    verdict_id: str
    decision: Decision


@dataclass(frozen=True)
class KeepRelease(JournalOp):
    """The station's release, so that a restart without a broker knows unit and mode."""

    may_be_dropped = True
    release: Activation


@dataclass(frozen=True)
class ForgetRelease(JournalOp):
    """The station's release was taken away; its unit stays."""

    may_be_dropped = True
    station: str


@dataclass(frozen=True)
class KeepRecipe(JournalOp):
    """The recipe that the PLC selected, so that a restart goes on with it."""

    station: str
    recipe: int

    @property
    def waiting_station(self) -> str:
        return self.station


@dataclass(frozen=True)
class KeepRoster(JournalOp):
    """The stations of the line, so that a restart goes on with them."""

    may_be_dropped = True
    roster: Roster


@dataclass(frozen=True)
class AddStation(JournalOp):
    """A station joins under this boot id, which no PLC has seen yet."""

    station: str
    boot_id: int


@dataclass(frozen=True)
class CloseStation(JournalOp):
    """A station left the line: every part of it was settled before."""

    station: str


@dataclass(frozen=True)
class MarkStored(JournalOp):
    """Storage has these dispositions, and these epochs up to these parts."""

    may_be_dropped = True
    items: tuple[StoredItem, ...]


@dataclass(frozen=True)
class Receipt(JournalOp):
    """Acknowledges a message: once this is committed, all that the message caused is too."""

    may_be_dropped = True
    ack: Callable[[], None]


@dataclass(frozen=True)
class AskPicture:
    """The camera is to take the part's picture now."""

    trigger: Trigger


Effect = JournalOp | AskPicture
