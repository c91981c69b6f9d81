"""The simulated PLC's program: a slot is cleared by one thing only."""

from __future__ import annotations

import pytest

from contracts.causes import Mode
from plc.core.plc_image import RESYNC, PlcImage
from plc.core.registers import CANARY, COILS, DISCRETE_INPUTS, bits_to_word, word_to_bits
from simulation.soft_plc.belt import Belt, BeltPlan
from simulation.soft_plc.drive import Drive, DrivePlan
from simulation.soft_plc.gate import GatePlan, RejectGate
from simulation.soft_plc.program import PowerUp, Program

MS = 1_000_000
READY = {"online": True, "trigger_ready": True}
STEADY, SOUND = DrivePlan(), GatePlan()


class Bench:
    """A program on a clock, and the registers that it reads."""

    def __init__(
        self,
        parts: int = 3,
        drive: DrivePlan = STEADY,
        gate: GatePlan = SOUND,
        restart_at: tuple[int, ...] = (),
        way_ms: int = 500,
    ) -> None:
        plan = BeltPlan(parts_per_s=10, gate_after_ms=way_ms, jitter=0, seed=0, parts=parts)
        self.now_ns = 1
        belt = Belt(plan, boot_id=5)
        self.program = Program(belt, Drive(drive, seed=0), RejectGate(gate), restart_at)
        self.told: list[tuple[int, int, int]] = []
        self.inputs = {
            **dict.fromkeys(("seq_head", "seq_tail", "verdict", "part_id_echo"), 0),
            **dict.fromkeys(("ack_echo", "ack_state"), 0),
            "canary": CANARY,
            "map_version": 1,
            "mode": 1,
            "bridge_boot_id": 9,
            "phase": 3,
            "status": bits_to_word(DISCRETE_INPUTS, READY),
        }

    def cycle(self, ms: int = 10, **inputs: int) -> None:
        self.now_ns += ms * MS
        self.inputs |= inputs
        self.program.move(self.now_ns)
        self.exchange()

    def exchange(self) -> None:
        if self.program.is_away:
            return
        self.say()
        self.program.read(self.inputs)
        self.say()

    def say(self) -> None:
        while (image := self.program.next_write()) is not None:
            self.program.wrote(image)
            said = (image.plc_boot_id, image.reject_confirm_seq, image.confirm_status)
            if said not in self.told:
                self.told.append(said)

    def until(self, ms: int, **inputs: int) -> None:
        for _ in range(ms // 10):
            self.cycle(10, **inputs)

    def show_pass(self, seq: int) -> None:
        slot = self.program.belt.find(seq)
        assert slot is not None
        bits = bits_to_word(DISCRETE_INPUTS, {**READY, "result_valid": True, "pass": True})
        shown = {"seq_head": seq, "seq_tail": seq, "verdict": 1, "part_id_echo": slot.part_id}
        self.cycle(status=bits, **shown)


def gates(bench: Bench) -> list[str]:
    return [part["gate"] for part in bench.program.tally.parts]


def test_the_belt_starts_with_trigger_ready():
    bench = Bench()
    bench.until(1000, status=0)
    assert bench.program.tally.triggered == 0
    bench.until(120, status=bits_to_word(DISCRETE_INPUTS, READY))
    assert bench.program.tally.triggered == 1
    assert bench.program.image.trigger_seq == 1


def test_without_an_answer_every_part_is_ejected_and_confirmed():
    bench = Bench()
    bench.until(150)
    bench.show_pass(1)
    assert bench.program.image.ack_seq == 1
    bench.until(1000)
    assert gates(bench) == ["ejected"] * 3
    assert bench.program.tally.confirmed == 3
    assert bench.program.is_done


@pytest.mark.parametrize(
    ("answer", "gate"),
    [
        ({"ack_echo": 1, "ack_state": 1}, "passed"),
        ({"ack_echo": 1, "ack_state": 2}, "ejected"),
        ({"ack_echo": 1, "ack_state": 3}, "ejected"),
        ({"ack_echo": 2, "ack_state": 1}, "ejected"),
        ({"ack_echo": 1, "ack_state": 1, "bridge_boot_id": 10}, "ejected"),
        ({"ack_echo": 1, "ack_state": 1, "canary": 0x56781234}, "ejected"),
    ],
)
def test_only_the_bridges_answer_to_this_part_clears_it(answer, gate):
    bench = Bench(parts=1)
    bench.until(150)
    bench.show_pass(1)
    bench.until(600, **answer)
    assert gates(bench) == [gate]


def test_a_pass_of_another_part_id_is_not_acknowledged():
    bench = Bench()
    bench.until(150)
    bench.inputs["part_id_echo"] = 1
    bits = bits_to_word(DISCRETE_INPUTS, {**READY, "result_valid": True, "pass": True})
    bench.cycle(status=bits, seq_head=1, seq_tail=1, verdict=1)
    assert bench.program.image.ack_seq == 0


def announcement(bench: Bench) -> PlcImage:
    """The first part is at the camera: what the PLC is about to write of it."""
    for _ in range(20):
        bench.now_ns += 10 * MS
        bench.program.move(bench.now_ns)
        image = bench.program.next_write()
        if image is not None and image.trigger_seq == 1:
            return image
        bench.exchange()
    raise AssertionError("no part came")


@pytest.mark.parametrize(("answered_after_ms", "acknowledged"), [(490, 1), (510, 0)])
def test_a_pass_whose_trigger_was_answered_late_is_not_acknowledged(
    answered_after_ms, acknowledged
):
    bench = Bench(parts=1, way_ms=1200)
    told = announcement(bench)
    bench.now_ns += answered_after_ms * MS
    bench.program.move(bench.now_ns)
    bench.program.wrote(told)
    bench.program.read(bench.inputs)
    bench.show_pass(1)
    assert bench.program.image.ack_seq == acknowledged
    bench.until(1200, ack_echo=acknowledged, ack_state=acknowledged)
    assert gates(bench) == ["passed" if acknowledged else "ejected"]


def test_a_pass_whose_trigger_was_never_answered_is_not_acknowledged():
    bench = Bench(parts=1, way_ms=1200)
    announcement(bench)  # it arrives, and its answer does not
    bench.program.lost()
    bench.cycle()
    assert (bench.program.tally.untracked, bench.program.image.command) == (1, 0)
    bench.show_pass(1)
    assert bench.program.image.ack_seq == 0
    bench.until(1200)
    assert gates(bench) == ["ejected"]


def test_without_a_bridge_the_belt_goes_on_for_a_while_and_parts_are_untracked():
    bench = Bench(parts=500)
    bench.until(150)
    for _ in range(1500):
        bench.now_ns += 10 * MS
        bench.program.move(bench.now_ns)
        bench.program.lost()
    assert 95 <= bench.program.tally.triggered <= 105  # ten seconds of it, then the belt stands
    bench.exchange()
    assert bench.program.tally.untracked == bench.program.tally.triggered - 1
    assert bench.program.image.trigger_seq == bench.program.tally.triggered


@pytest.mark.parametrize(
    ("at_trigger", "at_gate", "gate", "mode"),
    [
        (0, 0, "passed", "observe"),
        (1, 0, "ejected", "guard"),
        (0, 1, "ejected", "guard"),
        (1, 2, "ejected", "guard"),
        (2, 2, "passed", "bypass"),
    ],
)
def test_unjudged_goes_through_what_was_not_guarded_at_its_trigger_nor_is_at_the_gate(
    at_trigger, at_gate, gate, mode
):
    bench = Bench(parts=1)
    assert bench.program.mode is Mode.GUARD  # until the bridge says otherwise
    bench.until(200, mode=at_trigger)
    bench.until(600, mode=at_gate)
    assert gates(bench) == [gate]
    assert bench.program.tally.parts[0]["mode"] == mode
    assert bench.program.tally.confirmed == (gate == "ejected")


def clear(bench: Bench, seq: int) -> None:
    """The bridge shows a pass and answers its acknowledgement."""
    bench.show_pass(seq)
    bench.cycle(ack_echo=seq, ack_state=1)


def test_a_gate_without_air_fires_and_the_sensor_sees_nothing():
    bench = Bench(gate=GatePlan(low_air_at=frozenset({2})))
    bench.until(1000)
    assert gates(bench) == ["ejected", "passed", "ejected"]
    assert [part["ordered"] for part in bench.program.tally.parts] == ["ejected"] * 3
    assert [said for said in bench.told if said[2]] == [(5, 1, 1), (5, 2, 4), (5, 3, 1)]
    assert (bench.program.tally.ordered, bench.program.tally.ejected) == (3, 2)
    assert (bench.program.gate.fired, bench.program.gate.hits) == (3, 2)


def test_a_full_bin_stops_the_belt_at_that_part_until_it_is_emptied():
    bench = Bench(parts=4, gate=GatePlan(bin_holds=2, bin_emptied_after_s=3))
    bench.until(720)
    assert gates(bench) == ["ejected"] * 2
    stood_at_ns = bench.program.belt.now_ns
    bench.until(2900)
    assert bench.program.belt.now_ns == stood_at_ns
    assert not word_to_bits(COILS, bench.program.image.control)["line_running"]
    bench.until(400)
    assert gates(bench) == ["ejected"] * 4
    assert bench.program.gate.times_full == 2


def test_no_reject_runs_into_a_full_bin_in_one_long_scan():
    bench = Bench(parts=4, gate=GatePlan(bin_holds=1, bin_emptied_after_s=3))
    bench.until(450)
    bench.cycle(600)
    assert gates(bench) == ["ejected"]


def test_a_plc_that_starts_anew_has_forgotten_what_it_was_told():
    bench = Bench(parts=4, restart_at=(2,))
    bench.until(150)
    clear(bench, 1)
    assert bench.program.belt.slots[0].cleared
    bench.until(60)  # the second part, and then nothing for a while
    assert (bench.program.is_away, bench.program.belt.boot_id) == (True, 6)
    bench.until(PowerUp().boot_ms, ack_echo=0, ack_state=0, status=0)
    assert not bench.program.is_away
    assert (bench.program.image.plc_boot_id, bench.program.image.trigger_seq) == (6, 0)
    bench.until(150, status=bits_to_word(DISCRETE_INPUTS, READY))
    assert bench.program.image.trigger_seq == 1
    clear(bench, 1)  # of the new count, and none of the two from before
    bench.until(1000)
    assert gates(bench) == ["ejected", "ejected", "passed", "ejected"]
    ids = [(part["boot_id"], part["seq"]) for part in bench.program.tally.parts]
    assert ids == [(5, 1), (5, 2), (6, 1), (6, 2)]
    assert [said for said in bench.told if said[2]] == [(6, 2, 1)]
    assert (bench.program.tally.triggered, bench.program.tally.restarts) == (4, 1)
    assert bench.program.is_done


def test_what_was_on_the_wire_when_the_plc_started_anew_is_not_its_resync():
    bench = Bench(restart_at=(1,))
    bench.until(110)
    assert bench.program.image.trigger_seq == 1
    told = bench.program.image
    bench.now_ns += 10 * MS
    bench.program.move(bench.now_ns)
    assert bench.program.is_away
    bench.program.wrote(told)
    bench.program.read(bench.inputs)
    assert (bench.program.connected, bench.program.started) == (False, False)
    bench.now_ns += PowerUp().boot_ms * MS
    bench.program.move(bench.now_ns)
    written = bench.program.next_write()
    assert written is not None
    assert written.command == RESYNC


def test_while_the_drive_stands_the_line_is_not_running():
    bench = Bench(parts=50, drive=DrivePlan(stop_every_s=1.0, stop_for_s=2.0))
    bench.until(1600)
    assert bench.program.drive.stands
    assert not word_to_bits(COILS, bench.program.image.control)["line_running"]
    bench.until(2000)
    assert word_to_bits(COILS, bench.program.image.control)["line_running"]
    assert bench.program.tally.triggered < 20
