"""The program of the simulated PLC for one unit: registers in, registers out. Pure.

It is what docs/plc.md asks of a PLC: every slot starts as a reject, a slot is cleared only when the
bridge has answered the acknowledgement of that part's pass, and a bridge that restarted gets no
answer taken from before. It does not accept a pass for a part whose trigger was answered late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from contracts.causes import Mode
from plc.core.part_book import ACCEPTED, REFUSED
from plc.core.phases import BridgePhase
from plc.core.plc_image import RESYNC, PlcImage
from plc.core.registers import (
    CANARY,
    COILS,
    DISCRETE_INPUTS,
    MAP_VERSION,
    bits_to_word,
    word_to_bits,
)
from plc.core.view import MODES
from simulation.soft_plc.belt import Belt, Slot
from simulation.soft_plc.drive import Drive
from simulation.soft_plc.gate import EJECTED, RejectGate
from simulation.soft_plc.tally import Tally

PASS = 1
HEARTBEAT_NS = 400_000_000
ACK_ROOM_NS = 60_000_000  # an acknowledgement this near to the gate could be answered too late
NOT_READY_NS = 2_000_000_000  # the belt stops after this time without TriggerReady
ALONE_NS = 10_000_000_000  # the belt stops after this time without a bridge
STALE_TRIGGER_NS = 500_000_000  # an older trigger is not sent; one answered later gives no pass
OPERATOR_NS = 1_000_000_000  # an operator clears a fault after this time
LARGEST_BOOT_ID = 4294  # part ids are boot id * 1,000,000 + count, within 32 bits
_MODES = {number: mode for mode, number in MODES.items()}


class PowerUp(NamedTuple):
    """What the PLC does after its power was off.

    Attributes:
        boot_ms: how long it is away.
        retentive: whether its counter goes on; else it begins at 0.
    """

    boot_ms: int = 1000
    retentive: bool = False


class Program:
    """The program of one unit: belt, shift register, gate, and the registers that it writes."""

    def __init__(
        self,
        belt: Belt,
        drive: Drive,
        gate: RejectGate,
        restart_at: Iterable[int] = (),
        power_up: PowerUp = PowerUp(),  # noqa: B008
    ) -> None:
        self.belt = belt
        self.drive = drive
        self.gate = gate
        self.tally = Tally(belt.boot_id, belt.plan.parts)
        self._restart_at = deque(sorted(restart_at))
        self._power_up = power_up
        self._now_ns = self._up_ns = 0
        self._boot()

    def _boot(self) -> None:
        """Start the PLC: it has forgotten its parts, its counters and the bridge."""
        self.mode = Mode.GUARD  # until the bridge says otherwise
        self.image = PlcImage(plc_boot_id=self.belt.boot_id)
        self.connected = self.started = self.ready = self.line_stop = False
        self._bridge_boot_id = 0
        self._unannounced: deque[Slot] = deque()
        self._confirms: deque[tuple[int, int]] = deque()
        self._resync = True
        self._clear = False
        self._written: PlcImage | None = None
        self._ready_ns = self._connected_ns = self._fault_ns = self._now_ns

    @property
    def belt_runs(self) -> bool:
        """Whether the belt runs. It stops soon without TriggerReady or bridge.
        A line whose bin is full stops at once, because the next reject has no place."""
        if not self.started or self.line_stop or self.gate.bin_is_full:
            return False
        if self.belt.is_fed or self.ready:
            return True
        if self.connected:
            return self._now_ns - self._ready_ns < NOT_READY_NS
        return self._now_ns - self._connected_ns < ALONE_NS

    @property
    def is_away(self) -> bool:
        """Whether the PLC is starting, so that it neither reads nor writes."""
        return self._now_ns < self._up_ns

    @property
    def is_done(self) -> bool:
        """Whether all parts are through and the bridge knows of each."""
        told = self.connected and not (self._resync or self._unannounced or self._confirms)
        return self.belt.is_fed and not self.belt.slots and told and self._written == self.image

    def report(self, *, whole: bool) -> dict[str, Any]:
        """Return this unit's share of the report; ``whole`` includes every part."""
        things = {"bin_full": self.gate.times_full, "belt_stops": self.drive.stops}
        counted = [boot._asdict() for boot in self.belt.counted] if whole else []
        return self.tally.as_dict(whole=whole) | things | {"counted": counted}

    def move(self, now_ns: int) -> None:
        """Let the belt run up to now, and the gate act."""
        elapsed_ns = now_ns - self._now_ns if self._now_ns else 0
        self._now_ns = now_ns
        self._start_anew_if_planned()
        self.gate.look_after(now_ns)
        left_ns = self.drive.travel(self.belt.now_ns, elapsed_ns) if self.belt_runs else 0
        while self.belt_runs:
            passing = self.belt.run(left_ns)
            for slot in passing.at_camera:
                self.tally.triggered += 1
                slot.mode = self.mode
                self._unannounced.append(slot)
            if passing.at_gate is None:
                break
            self._gate(passing.at_gate)
            left_ns = passing.left_ns

    def next_write(self) -> PlcImage | None:
        """Return what to write now, one event for each write; None if there is nothing new."""
        if self._unannounced and self.belt.age_ns(self._unannounced[0]) > STALE_TRIGGER_NS:
            self._resync = True
        image = self.image._replace(
            control=self._control(),
            heartbeat=self._now_ns // HEARTBEAT_NS & 0xFFFF,
            command=RESYNC if self._resync else 0,
        )
        if self._resync:
            self._give_up_unannounced()
            image = image._replace(trigger_seq=self.belt.count & 0xFFFF)
        elif self._unannounced:
            slot = self._unannounced[0]
            image = image._replace(
                part_id=slot.part_id, encoder=slot.encoder, trigger_seq=slot.seq16
            )
        if self._confirms and not self._resync:
            seq16, status = self._confirms[0]
            image = image._replace(reject_confirm_seq=seq16, confirm_status=status)
        self.image = image
        return None if image == self._written else image

    def wrote(self, image: PlcImage) -> None:
        """Note that the bridge has the write."""
        if image.plc_boot_id != self.belt.boot_id:
            return  # the PLC has restarted while the write was on the wire
        if self._resync:
            self._resync = False
        else:
            if self._unannounced and image.trigger_seq == self._unannounced[0].seq16:
                self._announced(self._unannounced.popleft())
            told = (image.reject_confirm_seq, image.confirm_status)
            if self._confirms and told == self._confirms[0]:
                self._confirms.popleft()
                self.tally.confirmed += 1
        self._clear = False
        self._written = image

    def lost(self) -> None:
        """Note that there is no bridge: parts stay rejects, and the next write is a resync."""
        if self.connected:
            self._connected_ns = self._now_ns
        self.connected = self.ready = False
        self._resync = True
        self._written = None

    def read(self, inputs: Mapping[str, float]) -> None:
        """Take the input registers, all from one read."""
        if self.is_away:
            return
        if inputs["canary"] != CANARY or inputs["map_version"] != MAP_VERSION:
            self.lost()
            return
        bits = word_to_bits(DISCRETE_INPUTS, int(inputs["status"]))
        self._follow_bridge(inputs, bits)
        self._take_answer(int(inputs["ack_echo"]), int(inputs["ack_state"]))
        if bits["result_valid"] and inputs["seq_head"] == inputs["seq_tail"]:
            self._take_result(inputs)

    def _follow_bridge(self, inputs: Mapping[str, float], bits: Mapping[str, bool]) -> None:
        if inputs["bridge_boot_id"] != self._bridge_boot_id:
            self._bridge_boot_id = int(inputs["bridge_boot_id"])
            for slot in self.belt.slots:
                slot.pending = False
        self.connected = True
        self.mode = _MODES.get(int(inputs["mode"]), Mode.GUARD)
        self.ready = bits["trigger_ready"]
        self.line_stop = bits["line_stop_req"]
        self.started |= self.ready
        if self.ready:
            self._ready_ns = self._now_ns
        if inputs["phase"] != BridgePhase.FAULT:
            self._fault_ns = self._now_ns
        elif self._now_ns - self._fault_ns > OPERATOR_NS:
            self._clear = True
            self._fault_ns = self._now_ns

    def _take_answer(self, seq16: int, state: int) -> None:
        slot = self.belt.find(seq16)
        if slot is None or not slot.pending:
            return
        if state == ACCEPTED and slot.verdict == PASS:
            slot.cleared = True
            slot.pending = False
            self.tally.acknowledged += 1
        elif state == REFUSED:
            slot.pending = False

    def _take_result(self, inputs: Mapping[str, float]) -> None:
        seq16, verdict = int(inputs["seq_head"]), int(inputs["verdict"])
        if self.image.ack_seq == seq16:
            return
        if verdict == PASS:
            slot = self.belt.find(seq16)
            if slot is None or slot.part_id != inputs["part_id_echo"] or slot.spoiled:
                return
            if not self._has_room(slot):
                return
            slot.verdict = PASS
            slot.pending = True
        self.image = self.image._replace(ack_seq=seq16)

    def _announced(self, slot: Slot) -> None:
        """The picture was taken some time between the part's passing of the camera and now."""
        slot.announced = True
        slot.spoiled = self.belt.age_ns(slot) > STALE_TRIGGER_NS

    def _has_room(self, slot: Slot) -> bool:
        return slot.gate_due_ns - self.belt.now_ns > ACK_ROOM_NS

    def _gate(self, slot: Slot) -> None:
        """Order, fire, and confirm what the sensor saw of a part that the PLC knows."""
        mode = Mode.GUARD if slot.mode is Mode.GUARD else self.mode
        ordered = mode is Mode.GUARD and not slot.cleared
        status = self.gate.eject(slot.number, self._now_ns) if ordered else 0
        if ordered and slot.boot_id == self.belt.boot_id:
            self._confirms.append((slot.seq16, status))
        self.tally.gate(slot, mode, ordered=ordered, ejected=status == EJECTED)

    def _start_anew_if_planned(self) -> None:
        """Once the part is announced: one that nobody ever counted could be in no ledger."""
        if not self._restart_at or self.belt.total < self._restart_at[0] or self._unannounced:
            return
        self._restart_at.popleft()
        self.cut_power()

    def cut_power(self) -> None:
        """Take the PLC's power away for a moment, whatever it is doing."""
        boot_id = self.belt.boot_id % LARGEST_BOOT_ID + 1
        self.belt.restart(boot_id, retentive=self._power_up.retentive)
        self.tally.restarted(boot_id)
        self._up_ns = self._now_ns + self._power_up.boot_ms * 1_000_000
        self._boot()

    def _give_up_unannounced(self) -> None:
        """Those whose write was on its way may have arrived, and may be shown as a pass."""
        self.tally.untracked += len(self._unannounced)
        for slot in self._unannounced:
            slot.spoiled = True
        self._unannounced.clear()

    def _control(self) -> int:
        on = {
            "line_running": self.belt_runs and not self.drive.stands,
            "trigger_enable": True,
            "buffer_enable": True,
            "clear_error": self._clear,
            "clear_line_stop": self._clear,
        }
        return bits_to_word(COILS, on)
