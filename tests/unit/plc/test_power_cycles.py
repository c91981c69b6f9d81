"""No order of power cycles makes a part that never was, or puts one into two epochs.

Station, registers and journal are the real ones. The PLC's counter is retentive or not; it counts
parts also while it is alone. What the journal had not committed is lost with the bridge.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.causes import Cause, Decision
from contracts.identity import PartKey
from contracts.messages import Disposition, Verdict
from plc.core.effects import AskPicture, JournalOp
from plc.core.one_writer import OneWriter, Peer, WriteRefused
from plc.core.part_book import Timing
from plc.core.plc_image import RESYNC, PlcImage
from plc.core.register_image import RegisterImage
from plc.core.registers import (
    DISCRETE_INPUTS,
    HOLDING_REGISTERS,
    HOLDING_SIZE,
    INPUT_REGISTERS,
    decode,
    encode,
    word_to_bits,
)
from plc.core.station import Station
from plc.journal.journal import Journal
from runtime.process.clock import ManualClock
from tests.unit.plc.rig import RUN, UP, release

MEMORY = Path("/dev/shm")
RELEASE = release(deadline_ms=200)
PLC, OTHER = "10.0.0.5", "10.0.0.9"
SILENT_MS = 2000


class Power(RuleBasedStateMachine):
    """A PLC and a bridge that lose power and connection in any order, and a second client."""

    @initialize(count=st.sampled_from([0, 205, 65_530]))
    def begin(self, count: int) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.clock = ManualClock()
        self.path = Path(self.folder.name) / "bridge.sqlite"
        self.journal = Journal(self.path)
        self.queue: list[JournalOp] = []
        self.asked: dict[PartKey, int] = {}
        self.passes: set[PartKey] = set()
        self.counted: set[tuple[int, int]] = set()  # by boot id and TriggerSeq
        self.boot_id, self.count = 1, count
        self.connection: int | None = None
        self.connections = 0
        self.holding = PlcImage()
        self.bridge_starts()

    # The PLC

    @rule(announced=st.booleans())
    def a_part_comes(self, announced: bool) -> None:
        """It is announced if the PLC is connected, or was counted alone."""
        self.count += 1
        self.counted.add((self.boot_id, self.count & 0xFFFF))
        if self.connection is not None:
            if announced:
                self.write(trigger_seq=self.count & 0xFFFF, part_id=self.part_id, command=0)
            else:
                self.write(trigger_seq=self.count & 0xFFFF, command=RESYNC)

    @rule(retentive=st.booleans(), closed=st.booleans())
    def the_plc_loses_its_power(self, retentive: bool, closed: bool) -> None:
        self.the_connection_is_lost(closed)
        self.boot_id += 1
        self.count = self.count if retentive else 0

    @rule(closed=st.booleans())
    def the_connection_is_lost(self, closed: bool) -> None:
        """The bridge is told, or its side stays open."""
        if self.connection is not None and closed:
            self.registers.left(Peer(PLC, self.connection))
        elif self.connection is not None:
            self.clock.advance_ms(SILENT_MS)
        self.connection = None

    @precondition(lambda self: self.connection is None)
    @rule(at_once=st.booleans())
    def the_plc_introduces_itself(self, at_once: bool) -> None:
        self.connections += 1
        self.connection = self.connections
        seq16 = self.count & 0xFFFF
        self.holding = PlcImage.of(self.registers.holding())
        if at_once:
            self.write(plc_boot_id=self.boot_id, trigger_seq=seq16, command=RESYNC, control=RUN)
        else:
            self.write(plc_boot_id=0)
            self.write(trigger_seq=seq16)
            self.write(plc_boot_id=self.boot_id, control=RUN)

    @precondition(lambda self: self.connection is not None)
    @rule()
    def the_plc_acknowledges(self) -> None:
        inputs = self._read()
        if word_to_bits(DISCRETE_INPUTS, int(inputs["status"]))["result_valid"]:
            self.write(ack_seq=int(inputs["seq_head"]))

    # A second client

    @precondition(lambda self: self.connection is not None)
    @rule(
        address=st.sampled_from([PLC, OTHER]),
        seq16=st.integers(0, 0xFFFF),
        boot_id=st.integers(0, 9),
        command=st.integers(0, 1),
    )
    def a_second_client_writes(self, address: str, seq16: int, boot_id: int, command: int) -> None:
        self.write()  # the PLC's heartbeat
        before = list(self.registers.holding())
        rogue = PlcImage(control=RUN, trigger_seq=seq16, plc_boot_id=boot_id, command=command)
        try:
            self._write_as(Peer(address, -1), rogue)
        except WriteRefused:
            assert list(self.registers.holding()) == before
            return
        raise AssertionError("a second client may write")

    # Inference, journal, bridge, time

    @rule(steps=st.integers(1, 4))
    def the_newest_part_passes(self, steps: int) -> None:
        """So much of its usual way."""
        for step in (self._say_pass, self._commit_all, self._acknowledge, self._commit_all)[:steps]:
            step()

    def _say_pass(self) -> None:
        if not self.asked:
            return
        key, part_id = list(self.asked.items())[-1]
        now = self.clock.now()
        self.passes.add(key)
        said = Verdict(
            verdict_id=str(key),
            part=key,
            part_id=part_id,
            decision=Decision.PASS,
            release_id=RELEASE.release_id,
            started_at=now,
            decided_at=now,
            deadline_ms=200,
        )
        self.station.verdict(said, now)
        self._take(self.station)

    def _acknowledge(self) -> None:
        if self.connection is not None:
            self.the_plc_acknowledges()

    def _commit_all(self) -> None:
        while self.queue:
            self.the_journal_commits(len(self.queue))

    @rule(count=st.integers(1, 8))
    def the_journal_commits(self, count: int) -> None:
        group, self.queue = self.queue[:count], self.queue[count:]
        for op, _ in self.journal.apply(group):
            self.station.committed(op, self.clock.now())
        self._take(self.station)

    @rule()
    def the_bridge_loses_its_power(self) -> None:
        self.queue.clear()
        self.journal.close()
        self.journal = Journal(self.path)
        self.journal.close_leftovers()
        self.connection = None
        self.bridge_starts()

    def bridge_starts(self) -> None:
        boot_id = self.journal.next_boot_id()
        self.station = Station(self.journal.numbering("top"), Timing(), boot_id)
        writer = OneWriter(SILENT_MS, 60_000, pinned=(PLC,))
        self.registers = RegisterImage(self.station, self.clock, self._take, "modbus", writer)
        self.station.follow(RELEASE, UP, self.clock.now())
        self._take(self.station)

    @rule(ms=st.sampled_from([1, 50, 250]))
    def time_passes(self, ms: int) -> None:
        self.clock.advance_ms(ms)
        self.station.tick(self.clock.now())
        self._take(self.station)

    # What must hold

    @invariant()
    def no_part_is_asked_for_before_its_epoch_is_on_disk(self) -> None:
        if not hasattr(self, "station"):
            return
        bits = word_to_bits(DISCRETE_INPUTS, int(self._read()["status"]))
        if bits["trigger_ready"]:
            query = "SELECT plc_boot_id FROM epochs ORDER BY epoch DESC LIMIT 1"
            assert self.journal.database.execute(query).fetchone() == (self.holding.plc_boot_id,)

    def teardown(self) -> None:
        if not hasattr(self, "station"):
            return
        for _ in range(12):
            self.time_passes(600)
            self._commit_all()
        self._assert_every_part_was_counted_once()
        self.journal.close()
        self.folder.cleanup()

    def _assert_every_part_was_counted_once(self) -> None:
        query = self.journal.database.execute
        boots = dict(query("SELECT epoch, plc_boot_id FROM epochs").fetchall())
        assert query("SELECT count(*) FROM epochs WHERE after_jump").fetchone() == (0,)
        assert query("SELECT count(*) FROM triggers").fetchone() == (0,)
        bodies = query("SELECT body FROM dispositions").fetchall()
        parts = Counter[tuple[int, int]]()
        for one in (Disposition.model_validate_json(body) for (body,) in bodies):
            part = boots[one.part.epoch], one.part.trigger_seq & 0xFFFF
            parts[part] += 1
            assert part in self.counted, f"{one.part} of boot {part[0]} never was"
            assert one.decision is not Decision.PASS or one.part in self.passes
            assert one.cause is Cause.MISSED_TRIGGER or one.part_id // 1_000_000 == part[0]
        assert set(parts.values()) <= {1}

    # Helpers

    @property
    def part_id(self) -> int:
        return self.boot_id * 1_000_000 + self.count

    def write(self, **fields: int) -> None:
        assert self.connection is not None
        beat = (self.holding.heartbeat + 1) & 0xFFFF
        self.holding = self.holding._replace(heartbeat=beat, **fields)
        self._write_as(Peer(PLC, self.connection), self.holding)

    def _write_as(self, peer: Peer, image: PlcImage) -> None:
        words = encode(HOLDING_REGISTERS, HOLDING_SIZE, image._asdict())
        self.registers.write(words, peer)

    def _read(self) -> dict[str, float]:
        return decode(INPUT_REGISTERS, self.registers.inputs())

    def _take(self, station: Station) -> None:
        for effect in station.take_effects():
            if isinstance(effect, AskPicture):
                self.asked[effect.trigger.part] = effect.trigger.part_id
            else:
                self.queue.append(effect)


TestPower = Power.TestCase
TestPower.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
