"""No sequence of events clears a part that has not its own in-time pass, and the ledger closes.

The station and the journal are the real ones. The PLC is a model that follows docs/plc.md, with
rogue writes thrown in; whatever the journal had not committed is lost when the bridge is killed.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.camera import CameraConfig
from contracts.causes import Cause, Decision, Mode
from contracts.identity import PartKey
from contracts.messages import Disposition, Verdict
from contracts.release import Prompt, Recipe, Release, StationConfig
from plc.core.effects import AskPicture, JournalOp
from plc.core.part_book import ACCEPTED, Timing
from plc.core.phases import Health
from plc.core.plc_image import RESYNC, PlcImage
from plc.core.registers import (
    COILS,
    DISCRETE_INPUTS,
    INPUT_REGISTERS,
    bits_to_word,
    decode,
    word_to_bits,
)
from plc.core.station import Station
from plc.core.view import input_words
from plc.journal.journal import Journal
from runtime.process.clock import ManualClock

MEMORY = Path("/dev/shm")  # a flush to memory is quick: here only the order counts
DEADLINE_MS = 200
UP = Health(broker=True, journal=True, release=True, inference=True, camera=True)
CONTROL = bits_to_word(COILS, {"line_running": True, "trigger_enable": True, "buffer_enable": True})
CHALLENGE = bits_to_word(COILS, {"challenge_mode": True})
RECIPE_EXEC = bits_to_word(COILS, {"recipe_exec": True})


RECIPES = {
    1: Recipe(prompts=(Prompt(words="a dent"),)),
    2: Recipe(prompts=(Prompt(words="rust"),)),
}


@dataclass
class Slot:
    """One part in the model PLC's shift register."""

    seq16: int
    part_id: int
    key: PartKey | None
    pending: bool = False
    cleared: bool = False
    acked_ns: int | None = None


def release(mode: Mode) -> Release:
    config = StationConfig(
        camera=CameraConfig(kind="replay"),
        prompts=(Prompt(words="a scratch"),),
        deadline_ms=DEADLINE_MS,
        mode=mode,
        consecutive_reject_limit=3,
        recipes=RECIPES,
    )
    return Release.of("top", config)


RELEASE_IDS = {
    (mode, recipe): release(mode).of_recipe(recipe).release_id
    for mode in Mode
    for recipe in (0, *RECIPES)
}
UNDER = st.sampled_from([None] * 12 + list(RELEASE_IDS.values()))
"""The id of a release that may not be the part's, or None for its own."""


class Line(RuleBasedStateMachine):
    """Bridge, journal and PLC, with time in the test's hands."""

    @initialize(count=st.sampled_from([0, 65_530]), boot=st.integers(1, 3))
    def begin(self, count: int, boot: int) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.clock = ManualClock()
        self.path = Path(self.folder.name) / "bridge.sqlite"
        self.journal = Journal(self.path)
        self.release: Release | None = release(Mode.GUARD)
        self.queue: list[JournalOp] = []
        self.own_pass: dict[PartKey, int] = {}  # when the part's own pass came
        self.verdicts: list[Verdict] = []
        self.asked: set[PartKey] = set()
        self.started: dict[PartKey, int] = {}
        self.part_ids: dict[PartKey, int] = {}
        self.release_ids: dict[PartKey, str] = {}
        self.recipes: dict[PartKey, int] = {}
        self.challenged: set[PartKey] = set()
        self.spoken: set[PartKey] = set()  # the first word about a part is the one that counts
        self.boots = 1
        self.part_id = 0
        self.count = count
        self.boot = boot
        self.slots: dict[int, Slot] = {}
        self.seen_bridge_boot = 0
        self.to_acknowledge: int | None = None
        self.image = PlcImage(control=CONTROL)
        self.station = self._new_station()
        self._introduce()

    # The PLC

    @rule(gap=st.integers(0, 3))
    def trigger(self, gap: int) -> None:
        """The next part passes the camera; perhaps some before it were never announced."""
        for _ in range(gap):
            self._next_slot(None)
        self._announce(self._next_slot(None))

    @rule(
        steps=st.integers(4, 10),
        wrong_id=st.sampled_from([False, False, True]),
        under=UNDER,
        thinks_ms=st.sampled_from([5, 5, 150, 250]),
    )
    def usual_way(self, steps: int, wrong_id: bool, under: str | None, thinks_ms: int) -> None:
        """So many steps of a part's usual way: what follows may come at any point of it."""
        way = (
            lambda: self.trigger(gap=0),
            lambda: self.journal_commits(8),
            lambda: self._newest_passes(wrong_id, under),
            lambda: self.journal_commits(8),
            self.plc_reads_result,
            lambda: self.clock.advance_ms(thinks_ms),
            self.plc_acknowledges,
            self.plc_reads_answer,
            lambda: self.journal_commits(8),
            self.plc_reads_answer,
        )
        for step in way[:steps]:
            step()

    def _newest_passes(self, wrong_id: bool, under: str | None) -> None:
        key = self.station.numbering.key(self.station.numbering.last_seq)
        if key in self.asked:
            release_id = under or self.release_ids[key]
            self._say_of(key, Decision.PASS, self.part_ids[key] + wrong_id, release_id)

    def _announce(self, slot: Slot) -> None:
        self.write(trigger_seq=slot.seq16, part_id=slot.part_id)
        newest = self.station.book.open.get(self.station.numbering.last_seq)
        if newest is not None and newest.seq16 == slot.seq16:
            slot.key = newest.key
            self.started[newest.key] = self.clock.now().monotonic_ns
            self.part_ids[newest.key] = slot.part_id
            self.recipes[newest.key] = self.station.recipe
            self.release_ids[newest.key] = self._in_force(self.station.recipe)
            if self.image.coil("challenge_mode"):
                self.challenged.add(newest.key)

    @rule(number=st.sampled_from([0, 1, 2, 9]))
    def recipe_is_selected(self, number: int) -> None:
        self.write(recipe_id=number, control=self.image.control | RECIPE_EXEC)
        self.write(control=self.image.control & ~RECIPE_EXEC)
        bits = word_to_bits(DISCRETE_INPUTS, int(self._read()["status"]))
        known = self.release is not None and number != 9
        assert self.station.recipe == number
        assert known or not bits["recipe_ready"]
        assert number != 9 or self.release is None or not bits["trigger_ready"]

    @rule()
    def challenge_begins_or_ends(self) -> None:
        self.write(control=self.image.control ^ CHALLENGE)

    @rule()
    def repeat_trigger(self) -> None:
        """The same TriggerSeq again is the same part."""
        before = len(self.station.book.open)
        self.write()
        assert len(self.station.book.open) <= before

    @rule()
    def trigger_while_disabled(self) -> None:
        slot = self._next_slot(None)
        off = bits_to_word(COILS, {"line_running": True})
        self.write(control=off, trigger_seq=slot.seq16)
        self.write(control=CONTROL)

    @rule(step=st.sampled_from([20_000, 60_000]))
    def counter_jumps(self, step: int) -> None:
        self.slots.clear()
        self.to_acknowledge = None
        self.count += step
        self._announce(self._next_slot(None))

    @rule()
    def plc_restarts(self) -> None:
        self.boot = self.boot % 1000 + 1
        self.count = 0
        self.slots = {}
        self.to_acknowledge = None
        self._introduce()

    @rule(alone=st.lists(st.integers(0, 3), min_size=1, max_size=3))
    def plc_reconnects(self, alone: list[int]) -> None:
        """Once, or again before it was done; it may have counted parts alone each time."""
        for parts in alone:
            for _ in range(parts):
                self._next_slot(None)
            before = len(self.station.book.open)
            self.write(command=RESYNC, trigger_seq=self.count & 0xFFFF)
            assert len(self.station.book.open) <= before
        self.write(command=0)

    @rule()
    def plc_reads_and_acknowledges(self) -> None:
        self.plc_reads_result()
        self.plc_acknowledges()

    @rule()
    def plc_acknowledges(self) -> None:
        """What it read last, which may be long ago."""
        if self.to_acknowledge is not None:
            slot = self.slots.get(self.to_acknowledge)
            if slot is not None and slot.acked_ns is None:
                slot.acked_ns = self.clock.now().monotonic_ns
            self.write(ack_seq=self.to_acknowledge)

    @rule()
    def plc_reads_result(self) -> None:
        inputs = self._read()
        bits = word_to_bits(DISCRETE_INPUTS, int(inputs["status"]))
        if not bits["result_valid"]:
            return
        slot = self.slots.get(int(inputs["seq_head"]))
        if slot is not None and bits["pass"] and slot.part_id == inputs["part_id_echo"]:
            slot.pending = True
        self.to_acknowledge = int(inputs["seq_head"])

    @rule()
    def plc_reads_answer(self) -> None:
        self._read()

    @rule(seq16=st.integers(0, 6) | st.integers(65_530, 65_535))
    def rogue_acknowledgement(self, seq16: int) -> None:
        """A PLC that acknowledges what it was not shown gets no slot cleared by it.

        If it was shown just that part, this is an acknowledgement like any other.
        """
        slot = self.slots.get(seq16)
        if slot is not None and slot.pending and slot.acked_ns is None:
            slot.acked_ns = self.clock.now().monotonic_ns
        self.write(ack_seq=seq16)

    @rule(status=st.integers(0, 5), seq16=st.integers(0, 6) | st.integers(65_530, 65_535))
    def gate_confirms(self, status: int, seq16: int) -> None:
        self.write(reject_confirm_seq=seq16, confirm_status=status)

    @rule()
    def clear_everything(self) -> None:
        on = {"trigger_enable": True, "clear_error": True, "clear_line_stop": True}
        self.write(control=bits_to_word(COILS, on))
        self.write(control=CONTROL)

    # Inference, time, journal

    @precondition(lambda self: self.asked)
    @rule(
        data=st.data(),
        decision=st.sampled_from([Decision.PASS, *Decision]),
        right=st.sampled_from([True, True, False]),
        under=UNDER,
    )
    def verdict(
        self, data: st.DataObject, decision: Decision, right: bool, under: str | None
    ) -> None:
        """Of any part whose picture was ever asked for; sometimes with a wrong part id, sometimes
        by the rules of a release that may not be in force."""
        key = data.draw(st.sampled_from(sorted(self.asked, key=str)))
        release_id = under or self.release_ids[key]
        self._say_of(key, decision, self.part_ids[key] + (0 if right else 1), release_id)

    def _say_of(self, key: PartKey, decision: Decision, part_id: int, release_id: str) -> None:
        now = self.clock.now()
        said = Verdict(
            verdict_id=f"v{len(self.verdicts)}",
            part=key,
            part_id=part_id,
            decision=decision,
            cause=Cause.BAD_IMAGE if decision is Decision.NO_VERDICT else None,
            release_id=release_id,
            started_at=now,
            decided_at=now,
            deadline_ms=DEADLINE_MS,
        )
        self.verdicts.append(said)
        self._say(said)

    @precondition(lambda self: self.verdicts)
    @rule(data=st.data())
    def verdict_again(self, data: st.DataObject) -> None:
        self._say(data.draw(st.sampled_from(self.verdicts)))

    @rule(ms=st.integers(1, 260))
    def time_passes(self, ms: int) -> None:
        self.clock.advance_ms(ms)
        self.station.tick(self.clock.now())
        self._take()

    @rule(count=st.integers(1, 8))
    def journal_commits(self, count: int) -> None:
        group, self.queue = self.queue[:count], self.queue[count:]
        for op, _ in self.journal.apply(group):
            self.station.committed(op, self.clock.now())
        self._take()

    @rule()
    def bridge_is_killed(self) -> None:
        self.queue.clear()
        self.journal.close()
        self.journal = Journal(self.path)
        self.journal.close_leftovers()
        self.boots += 1
        self.image = PlcImage()
        self.clock.advance_ms(50)
        self.station = self._new_station()
        self._introduce()

    @rule(mode=st.sampled_from([None, *Mode]), broker=st.booleans())
    def line_changes(self, mode: Mode | None, broker: bool) -> None:
        self.release = release(mode) if mode else None
        self.station.follow(self.release, UP._replace(broker=broker), self.clock.now())
        self._take()

    # What must hold

    @invariant()
    def a_shown_pass_is_the_parts_own_and_in_time(self) -> None:
        if not hasattr(self, "station"):
            return
        words = decode(INPUT_REGISTERS, input_words(self.station, self.clock.now()))
        shown = self.station.book.display.shown
        if words["verdict"] == 1 and shown.acknowledged_at is None:
            assert shown.key in self.own_pass
            assert self.own_pass[shown.key] - self.started[shown.key] < DEADLINE_MS * 1e6

    @invariant()
    def a_cleared_slot_is_a_pass_in_the_ledger(self) -> None:
        for slot in getattr(self, "slots", {}).values():
            if slot.cleared:
                assert slot.key is not None
                assert self._disposed(slot.key) == [Decision.PASS]
                for moment_ns in (self.own_pass[slot.key], slot.acked_ns):
                    assert moment_ns is not None
                    assert moment_ns - self.started[slot.key] < DEADLINE_MS * 1e6

    def teardown(self) -> None:
        if not hasattr(self, "station"):
            return
        for _ in range(12):
            self.clock.advance_ms(600)
            self.station.tick(self.clock.now())
            self._take()
            self.journal_commits(len(self.queue))
        assert not self.station.book.open
        self._assert_closed()
        self.journal.close()
        self.folder.cleanup()

    def _assert_closed(self) -> None:
        query = self.journal.database.execute
        assert query("SELECT count(*) FROM triggers").fetchone() == (0,)
        epochs = query(
            "SELECT epoch, first_seq, last_seq, passed + rejected + timeouts + missed FROM epochs"
        ).fetchall()
        for epoch, first, last, total in epochs:
            rows = query("SELECT trigger_seq FROM dispositions WHERE epoch = ?", (epoch,))
            assert sorted(seq for (seq,) in rows) == list(range(first, last + 1))
            assert total == last - first + 1
        bodies = query("SELECT body FROM dispositions").fetchall()
        for disposition in (Disposition.model_validate_json(body) for (body,) in bodies):
            # What was asked of a part whose trigger was lost with the bridge, nobody knows.
            is_known = disposition.cause is not Cause.MISSED_TRIGGER
            assert disposition.challenge == (is_known and disposition.part in self.challenged)
            if disposition.decision is Decision.PASS:
                assert disposition.presented_at is not None
                assert disposition.acknowledged_at is not None

    # Helpers

    def write(self, **fields: int) -> None:
        beat = (self.image.heartbeat + 1) & 0xFFFF
        self.image = self.image._replace(heartbeat=beat, plc_boot_id=self.boot, **fields)
        self.station.plc_wrote(self.image, self.clock.now())
        self._take()

    def _introduce(self) -> None:
        self.write(trigger_seq=self.count & 0xFFFF, control=CONTROL)

    def _new_station(self) -> Station:
        station = Station(self.journal.numbering("top"), Timing(confirm_ms=2000), self.boots)
        for kept in self.journal.database.execute("SELECT recipe FROM recipes"):
            station.resume(*kept)
        station.follow(self.release, UP, self.clock.now())
        return station

    def _in_force(self, recipe: int) -> str:
        """The release that judges a recipe's parts now, as docs/plc.md tells it."""
        known = self.release.of_recipe(recipe) if self.release else None
        return known.release_id if known else ""

    def _next_slot(self, key: PartKey | None) -> Slot:
        self.count, self.part_id = self.count + 1, self.part_id + 10
        slot = Slot(self.count & 0xFFFF, self.part_id, key)
        self.slots[slot.seq16] = slot
        return slot

    def _read(self) -> dict[str, float]:
        inputs = decode(INPUT_REGISTERS, input_words(self.station, self.clock.now()))
        if inputs["bridge_boot_id"] != self.seen_bridge_boot:
            self.seen_bridge_boot = int(inputs["bridge_boot_id"])
            self.to_acknowledge = None
            for slot in self.slots.values():
                slot.pending = False
        slot = self.slots.get(int(inputs["ack_echo"]))
        if slot is not None and slot.pending and inputs["ack_state"]:
            slot.pending = False
            slot.cleared = inputs["ack_state"] == ACCEPTED
        return inputs

    def _say(self, said: Verdict) -> None:
        now_ns = self.clock.now().monotonic_ns
        if said.part_id == self.part_ids[said.part] and said.part not in self.spoken:
            self.spoken.add(said.part)
            in_force = (self.release_ids[said.part], self._in_force(self.recipes[said.part]))
            if said.decision is Decision.PASS and said.release_id in in_force:
                self.own_pass[said.part] = now_ns
        self.station.verdict(said, self.clock.now())
        self._take()

    def _take(self) -> None:
        for effect in self.station.take_effects():
            if isinstance(effect, AskPicture):
                self.asked.add(effect.trigger.part)
            else:
                self.queue.append(effect)

    def _disposed(self, key: PartKey) -> list[str]:
        rows = self.journal.database.execute(
            "SELECT json_extract(body, '$.decision') FROM dispositions"
            " WHERE epoch = ? AND trigger_seq = ?",
            (key.epoch, key.trigger_seq),
        )
        return [decision for (decision,) in rows]


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
