"""TriggerSeq is 16 bits on the wire: how far it moved, modulo 2^16."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

LARGEST_GAP = 4096
"""Parts that may be missed in one step. A larger step is no gap: the counter itself was changed."""
LARGEST_ABSENCE = 2**15 - 1
"""Most parts that a PLC may have counted without the bridge; more look like a step back."""


class Move(Enum):
    """What a new TriggerSeq means."""

    SAME = "same"  # the part we know
    FORWARD = "forward"  # ``missed`` parts never came, then this one
    JUMP = "jump"  # backwards or too far: numbering starts again in a new epoch


class Advance(NamedTuple):
    """Where the counter went.

    Attributes:
        trigger_seq: unwrapped sequence in the same epoch; for a JUMP the 16-bit value itself.
        missed: sequences between the last one and this.
    """

    move: Move
    trigger_seq: int
    missed: int


def advance(last_seq: int, seq16: int, largest_gap: int = LARGEST_GAP) -> Advance:
    """Return how far ``seq16`` is beyond ``last_seq``, the epoch's number that does not wrap."""
    delta = (seq16 - last_seq) & 0xFFFF
    if delta == 0:
        return Advance(Move.SAME, last_seq, 0)
    if delta <= largest_gap + 1:
        return Advance(Move.FORWARD, last_seq + delta, delta - 1)
    return Advance(Move.JUMP, seq16, 0)


def mint_epoch(last_epoch: int, utc_ns: int) -> int:
    """Return a new epoch: the time in ms, or one above the last epoch if the clock is behind it."""
    return max(last_epoch + 1, utc_ns // 1_000_000)
