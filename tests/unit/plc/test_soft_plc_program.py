"""The simulated PLC's program: a slot is cleared by one thing only."""

from __future__ import annotations

import pytest

from contracts.causes import Mode
from plc.registers import CANARY, DISCRETE_INPUTS, bits_to_word
from plc.soft_plc.belt import Belt, BeltPlan
from plc.soft_plc.program import Program
from plc.soft_plc.tally import Tally

MS = 1_000_000
READY = {"online": True, "trigger_ready": True}


class Bench:
    """A program on a clock, and the registers that it reads."""

    def __init__(self, parts: int = 3) -> None:
        plan = BeltPlan(parts_per_s=10, gate_after_ms=500, jitter=0, seed=0, parts=parts)
        self.now_ns = 1
        self.program = Program(Belt(plan, boot_id=5), Tally(5, parts))
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

    def cycle(self, ms: int = 10, **inputs: float) -> None:
        self.now_ns += ms * MS
        self.inputs |= inputs
        self.program.move(self.now_ns)
        self.exchange()

    def exchange(self) -> None:
        while (image := self.program.next_write()) is not None:
            self.program.wrote(image)
        self.program.read(self.inputs)
        while (image := self.program.next_write()) is not None:
            self.program.wrote(image)

    def until(self, ms: int, **inputs: float) -> None:
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
