"""What the PLC wrote: the holding registers as a value, and what changed in them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from contracts.causes import Gate
from plc.core.registers import COILS, HOLDING_REGISTERS, decode, word_to_bits

RESYNC = 1
_GATES = {1: Gate.EJECTED, 2: Gate.NOT_SEEN, 3: Gate.BIN_FULL, 4: Gate.LOW_AIR}


class PlcImage(NamedTuple):
    """The holding registers. Starts as zeros with every start of the bridge."""

    control: int = 0
    heartbeat: int = 0
    part_id: int = 0
    encoder: int = 0
    trigger_seq: int = 0
    ack_seq: int = 0
    recipe_id: int = 0
    command: int = 0
    reject_confirm_seq: int = 0
    confirm_status: int = 0
    plc_boot_id: int = 0

    @classmethod
    def of(cls, words: Sequence[int]) -> PlcImage:
        """The value of a whole holding block."""
        return cls(**{name: int(v) for name, v in decode(HOLDING_REGISTERS, words).items()})

    def coil(self, name: str) -> bool:
        """One bit of the control word."""
        return word_to_bits(COILS, self.control)[name]


class PlcChanges(NamedTuple):
    """From one image to the next.

    Attributes:
        introducing: the PLC has just connected, and its boot id may be about to change.
    """

    before: PlcImage
    after: PlcImage
    introducing: bool = False

    def rose(self, coil: str) -> bool:
        """Whether a control bit went from 0 to 1."""
        return self.after.coil(coil) and not self.before.coil(coil)

    @property
    def heartbeat(self) -> bool:
        return self.before.heartbeat != self.after.heartbeat

    @property
    def introduced(self) -> bool:
        """Whether the PLC wrote its boot id for the first time, or another one."""
        return self.after.plc_boot_id not in (0, self.before.plc_boot_id)

    @property
    def resync(self) -> bool:
        """Whether TriggerSeq says where the counter stands and triggers nothing."""
        known, commanded = self.after.plc_boot_id != 0, self.after.command == RESYNC
        news = self.before.command != RESYNC or self.before.trigger_seq != self.after.trigger_seq
        return self.introduced or (known and commanded and news)

    @property
    def recipe(self) -> int | None:
        """The recipe that the PLC selects, if this is new: RecipeId while RecipeExec is set."""
        new = self.rose("recipe_exec") or self.before.recipe_id != self.after.recipe_id
        return self.after.recipe_id if new and self.after.coil("recipe_exec") else None

    @property
    def triggered(self) -> bool:
        known = self.after.plc_boot_id != 0
        return known and self.before.trigger_seq != self.after.trigger_seq

    @property
    def acknowledged(self) -> bool:
        changed = self.before.ack_seq != self.after.ack_seq
        return changed or self.rose("result_ack")

    @property
    def gate(self) -> Gate | None:
        """What the gate's sensor says of ``reject_confirm_seq``, if this is new."""
        new = (self.before.reject_confirm_seq, self.before.confirm_status) != (
            self.after.reject_confirm_seq,
            self.after.confirm_status,
        )
        return _GATES.get(self.after.confirm_status) if new else None
