"""docs/plc/referee_gate.st, run scan by scan against the bridge's own station.

The interpreter beside this test knows the few statements that the example uses. No PLC vendor's
compiler has seen the example.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.causes import Cause, Decision, Gate, Mode
from plc.core.part_book import Timing
from plc.core.plc_image import PlcImage
from plc.core.registers import HOLDING_REGISTERS, INPUT_REGISTERS
from plc.core.station import Station
from plc.core.view import input_words
from tests.unit.plc.rig import UP, Rig, release
from tests.unit.plc.structured_text import load

SOURCE = (Path(__file__).parents[3] / "docs" / "plc" / "referee_gate.st").read_text()
SCAN_MS, GATE, WINDOW = 10, 600, 20  # one count a millisecond
PASS, REJECT = Decision.PASS, Decision.REJECT


class Line:
    """The block in its PLC, the rig's station behind a Modbus client, a belt at one speed."""

    def __init__(self, **config: Any) -> None:
        self.rig = Rig(deadline_ms=450, **config)
        self.fb, self._scan = load(SOURCE, SCAN_MS)
        fb = self.fb
        fb.Inputs = [0] * 46
        fb.Holding = [0] * 13
        fb.PlcBootId = 7
        fb.GateCounts = GATE
        fb.WindowCounts = WINDOW
        fb.AckRoomCounts = 60
        fb.TriggerRoomCounts = 100
        fb.Encoder = 2**32 - 700
        fb.PartId = 70_000
        fb.LineRunning = True
        self.cable = True
        self.went: list[Any] = []
        self.spoil = lambda words: words
        self.run(100)

    def run(self, ms: int) -> None:
        for number in range(ms // SCAN_MS):
            self.rig.clock.advance_ms(SCAN_MS)
            self.fb.Encoder += SCAN_MS
            self.fb.LinkLost = not self.cable
            self.fb.ReadDone = self.cable and number % 2 == 1
            self.fb.WriteDone = self.cable and number % 2 == 0 and self.fb.StartWrite
            if self.fb.WriteDone:
                image = PlcImage.of(self.fb.Holding)
                self.rig.station.plc_wrote(image, self.rig.clock.now())
                self.rig.commit()
            self.rig.station.follow(self.rig.station._line_release, UP, self.rig.clock.now())
            self.rig.commit()
            if self.fb.ReadDone:
                words = input_words(self.rig.station, self.rig.clock.now())
                self.fb.Inputs = self.spoil(list(words))
            self._scan()
            self.went.append(self.fb.GateRelease)

    def part(self) -> None:
        """A part passes the camera, and the bridge hears of it."""
        self.fb.PartAtCamera = True
        self.went = []
        self.run(50)
        self.fb.PartAtCamera = False

    def to_the_bin(self) -> bool:
        """What becomes of the part: the sensor sees whatever is not let through."""
        self.run(GATE - 60)
        self.fb.InBin = not self.fb.GateRelease
        self.run(120)
        self.fb.InBin = False
        self.run(40)
        return not any(self.went)


def test_a_pass_in_time_is_let_through():
    line = Line()
    assert line.fb.TriggerReady
    line.part()
    line.rig.say(1, PASS)
    assert not line.to_the_bin()
    assert line.rig.settled[1].decision is PASS
    assert 2 * WINDOW <= sum(line.went) * SCAN_MS <= 2 * WINDOW + 2 * SCAN_MS


def test_a_reject_is_ejected_and_confirmed_and_the_next_pass_is_let_through():
    line = Line()
    line.part()
    line.rig.say(1, REJECT)
    assert line.to_the_bin()
    notes: list[Any] = list(line.rig.notes)
    assert [(note.key.trigger_seq, note.gate) for note in notes] == [(1, Gate.EJECTED)]
    line.part()
    line.rig.say(2, PASS)
    assert not line.to_the_bin()
    assert line.rig.settled[2].part_id == 70_000


def test_no_verdict_and_a_late_one_are_ejected():
    line = Line()
    line.part()
    line.run(450)
    assert line.rig.settled[1].cause is Cause.EXPIRED
    line.rig.say(1, PASS)
    line.run(GATE - 440)
    assert not any(line.went)


def test_an_acknowledgement_that_came_too_late_clears_nothing():
    line = Line()
    line.part()
    line.run(380)
    line.rig.say(1, PASS)
    line.run(20)
    assert line.fb.Slots[0].Pending
    line.cable = False
    line.run(40)
    line.cable = True
    line.run(40)
    assert line.fb.Inputs[24:26] == [1, 2]
    line.run(200)
    assert not any(line.went)


def test_a_cable_that_is_pulled_before_the_answer_leaves_a_reject():
    line = Line()
    line.part()
    line.cable = False
    line.rig.say(1, PASS)
    line.run(500)
    line.cable = True
    line.run(200)
    assert not any(line.went)
    assert line.rig.settled[1].cause is Cause.UNACKNOWLEDGED
    line.part()
    line.rig.say(2, PASS)
    assert not line.to_the_bin()


def test_a_bridge_that_restarted_clears_nothing_from_before():
    line = Line()
    line.part()
    line.rig.say(1, PASS)
    line.run(20)
    assert line.fb.Slots[0].Pending
    numbering = line.rig.station.numbering
    line.rig.station = Station(numbering, Timing(), bridge_boot_id=2)
    line.rig.station.follow(release(deadline_ms=450), UP, line.rig.clock.now())

    def answers_one(words: list[int]) -> list[int]:
        return [*words[:24], 1, 1, *words[26:]]

    line.spoil = answers_one
    assert line.to_the_bin()
    line.spoil = lambda words: words
    line.part()
    line.rig.say(2, PASS)
    assert not line.to_the_bin()


@pytest.mark.parametrize(("mode", "ejected"), [(Mode.OBSERVE, False), (Mode.GUARD, True)])
def test_observe_lets_every_part_through(mode, ejected):
    line = Line(mode=mode)
    line.part()
    line.rig.say(1, REJECT)
    assert line.to_the_bin() is ejected


def test_registers_that_stand_still_are_not_ready():
    line = Line()
    frozen = list(line.fb.Inputs)
    line.spoil = lambda words: list(frozen)
    line.run(1400)
    assert line.fb.TriggerReady
    line.run(700)
    assert not line.fb.TriggerReady


def test_other_word_order_is_guard():
    line = Line(mode=Mode.OBSERVE)
    line.spoil = lambda words: [*words[:4], words[5], words[4], *words[6:]]
    line.run(40)
    line.part()
    line.rig.say(1, PASS)
    assert line.to_the_bin()


def test_a_trigger_that_was_answered_late_can_be_no_pass():
    line = Line()
    line.fb.TriggerRoomCounts = 5
    line.part()
    line.rig.say(1, PASS)
    assert line.to_the_bin()


def test_the_arrays_have_the_size_of_the_map():
    for table, name in ((INPUT_REGISTERS, "Inputs"), (HOLDING_REGISTERS, "Holding")):
        last = table[-1].address + table[-1].words - 1
        assert f"{name} : ARRAY[0..{last}] OF UINT;" in SOURCE
