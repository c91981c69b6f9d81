"""What a station wants done. The order within a station is the order of commitment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contracts.causes import Cause, Decision, Gate
from contracts.identity import PartKey, Stamp
from contracts.messages import Disposition, StoredItem, Trigger
from contracts.release import Activation
from plc.core.part import Part


@dataclass(frozen=True)
class OpenEpoch:
    """A new run of the trigger counter; ``after_jump`` where the same PLC changed its counter."""

    station: str
    epoch: int
    plc_boot_id: int
    first_seq: int
    after_jump: bool = False


@dataclass(frozen=True)
class LogTrigger:
    """The part exists: from now on it must be disposed of."""

    part: Part


@dataclass(frozen=True)
class LogMissed:
    """Parts that were never announced, from one sequence to another, in order."""

    dispositions: tuple[Disposition, ...]


@dataclass(frozen=True)
class LogIntent:
    """What the registers are about to show for the part. First one stands."""

    part: Part
    decision: Decision
    cause: Cause | None
    verdict_id: str | None
    release_id: str


@dataclass(frozen=True)
class Settle:
    """The part's one disposition. For a pass this is also the journaled acknowledgement."""

    part: Part
    disposition: Disposition


@dataclass(frozen=True)
class NoteGate:
    """What the gate's sensor said of a part that is settled."""

    key: PartKey
    gate: Gate
    acknowledged_at: Stamp | None = None


@dataclass(frozen=True)
class NoteLate:
    """A verdict that was not applied: its part is settled, or will be without it."""

    key: PartKey
    verdict_id: str
    decision: Decision


@dataclass(frozen=True)
class KeepRelease:
    """The station's release, so that a restart without a broker knows unit and mode."""

    release: Activation


@dataclass(frozen=True)
class ForgetRelease:
    """The station's release was taken away; its unit stays."""

    station: str


@dataclass(frozen=True)
class KeepRecipe:
    """The recipe that the PLC selected, so that a restart goes on with it."""

    station: str
    recipe: int


@dataclass(frozen=True)
class MarkStored:
    """Storage has these dispositions, and these epochs up to these parts."""

    items: tuple[StoredItem, ...]


@dataclass(frozen=True)
class Receipt:
    """What a message caused is before this one: once it is committed the broker may forget it."""

    ack: Callable[[], None]


JournalOp = (
    OpenEpoch
    | LogTrigger
    | LogMissed
    | LogIntent
    | Settle
    | NoteGate
    | NoteLate
    | KeepRelease
    | ForgetRelease
    | KeepRecipe
    | MarkStored
    | Receipt
)


def station_of(op: JournalOp) -> str | None:
    """The station that waits for this operation to be durable, None where none does."""
    if isinstance(op, LogTrigger | LogIntent | Settle):
        return op.part.key.station
    if isinstance(op, KeepRecipe):
        return op.station
    return op.dispositions[0].part.station if isinstance(op, LogMissed) else None


@dataclass(frozen=True)
class AskPicture:
    """The camera is to take the part's picture now."""

    trigger: Trigger


Effect = JournalOp | AskPicture
