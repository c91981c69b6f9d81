"""The belt: parts come at a rate, are triggered, and reach the gate a fixed way later. Pure.

Positions are times on the belt's own clock, which stands still when the belt does.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from contracts.causes import Mode


class BeltPlan(NamedTuple):
    """How parts arrive.

    Attributes:
        jitter: spread of the spacing, as a share of it.
        parts: how many in all; None for ever.
    """

    parts_per_s: float
    gate_after_ms: int
    jitter: float
    seed: int
    parts: int | None = None


@dataclass
class Slot:
    """One part on the belt. It starts as a reject; only an answered acknowledgement clears it.

    Attributes:
        number: of the run, from 1; the PLC does not know it.
        boot_id: of the PLC that counted it; one that started since has forgotten the part.
        seq: how many parts the PLC had counted since it booted; TriggerSeq is its low 16 bits.
        mode: how the station ran when the part passed the camera, as the PLC had read it.
        announced: whether the bridge was told of it when it passed the camera.
        spoiled: its trigger was answered too late, or nobody knows whether it arrived: the picture
            may show another part, so it can be no pass.
        pending: its pass was acknowledged and the bridge has not answered yet.
        cleared: the bridge answered that the pass is journaled.
    """

    number: int
    boot_id: int
    seq: int
    part_id: int
    encoder: int
    gate_due_ns: int
    mode: Mode = Mode.GUARD
    announced: bool = False
    spoiled: bool = False
    verdict: int = 0
    pending: bool = False
    cleared: bool = False

    @property
    def seq16(self) -> int:
        """The sequence as the registers show it."""
        return self.seq & 0xFFFF


class Counted(NamedTuple):
    """Which parts the PLC counted under one boot id; none if the last is below the first."""

    boot_id: int
    first_seq: int
    last_seq: int


class Passing(NamedTuple):
    """What happened while the belt moved.

    Attributes:
        at_gate: the part that ended the stretch; None where no part came to the gate.
        left_ns: of the way that was asked for.
    """

    at_camera: list[Slot]
    at_gate: Slot | None
    left_ns: int


def part_id_of(boot_id: int, seq: int) -> int:
    """Return the number that this PLC gives a part."""
    return boot_id * 1_000_000 + seq % 1_000_000


class Belt:
    """Parts between camera and gate.

    Attributes:
        count: parts since the PLC booted, or since ever if its counter is retentive.
        total: parts of the run.
    """

    def __init__(self, plan: BeltPlan, boot_id: int) -> None:
        self.plan = plan
        self.boot_id = boot_id
        self.now_ns = self.count = self.total = 0
        self.slots: deque[Slot] = deque()
        self._random = random.Random(plan.seed)
        self._next_ns = self._spacing_ns()
        self._before: list[Counted] = []
        self._first_seq = 1

    @property
    def is_fed(self) -> bool:
        """Whether the last part is on the belt."""
        return self.plan.parts is not None and self.total >= self.plan.parts

    def run(self, way_ns: int) -> Passing:
        """Move on, at most to the next part at the gate: the belt may have to stop there."""
        end_ns = self.now_ns + way_ns
        gate_ns = self.slots[0].gate_due_ns if self.slots else end_ns
        self.now_ns = max(self.now_ns, min(gate_ns, end_ns))
        at_camera = []
        while self._next_ns <= self.now_ns and not self.is_fed:
            at_camera.append(self._put_on(self._next_ns))
            self._next_ns += self._spacing_ns()
        is_there = bool(self.slots) and self.slots[0].gate_due_ns <= self.now_ns
        at_gate = self.slots.popleft() if is_there else None
        return Passing(at_camera, at_gate, end_ns - self.now_ns)

    @property
    def counted(self) -> list[Counted]:
        """The parts that were counted, boot by boot."""
        return [*self._before, Counted(self.boot_id, self._first_seq, self.count)]

    def restart(self, boot_id: int, *, retentive: bool = False) -> None:
        """A restarted PLC does not know the parts on the belt.

        It counts from 0 again, or goes on if its counter is ``retentive``.
        """
        self._before = self.counted
        self.boot_id = boot_id
        if not retentive:
            self.count = 0
        self._first_seq = self.count + 1
        for slot in self.slots:
            slot.mode = Mode.GUARD
            slot.pending = False
            slot.cleared = False

    def find(self, seq16: int) -> Slot | None:
        """Return the part of a TriggerSeq if it is before the gate and the PLC knows it."""
        known = (slot for slot in self.slots if slot.boot_id == self.boot_id)
        return next((slot for slot in known if slot.seq16 == seq16), None)

    def age_ns(self, slot: Slot) -> int:
        """Return how long ago the part passed the camera, in belt time."""
        return self.now_ns - (slot.gate_due_ns - self.plan.gate_after_ms * 1_000_000)

    def _put_on(self, at_ns: int) -> Slot:
        self.count += 1
        self.total += 1
        part_id = part_id_of(self.boot_id, self.count)
        encoder = at_ns // 1_000_000 & 0xFFFFFFFF
        gate_due_ns = at_ns + self.plan.gate_after_ms * 1_000_000
        slot = Slot(self.total, self.boot_id, self.count, part_id, encoder, gate_due_ns)
        self.slots.append(slot)
        return slot

    def _spacing_ns(self) -> int:
        spread = 1 + self.plan.jitter * self._random.uniform(-1, 1)
        return max(1, round(1e9 / self.plan.parts_per_s * spread))
