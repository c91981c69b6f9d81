"""The same promises for parts that the camera triggers, whatever becomes of notices and numbers.

The station and the journal are the real ones. Ingest is a model of what docs/mqtt.md says: its
numbers survive anything but the loss of its journal, which begins a later epoch. Notices and
verdicts are lost, come twice, late, before each other and with any clock.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.camera import CameraConfig
from contracts.causes import Cause, Decision, Mode, TriggerSource
from contracts.identity import PartKey, Stamp
from contracts.messages import CaptureNotice, Disposition, SequenceRange, Verdict
from contracts.release import Prompt, Release, StationConfig
from plc.core.effects import AskPicture, JournalOp
from plc.core.part_book import ACCEPTED, Timing
from plc.core.phases import Health
from plc.core.plc_image import PlcImage
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

MEMORY = Path("/dev/shm")
DEADLINE_MS = 200
CLOCK_BOUND_MS = 50
UP = Health(broker=True, journal=True, release=True, inference=True, camera=True)
CONTROL = bits_to_word(COILS, {"line_running": True, "trigger_enable": True, "buffer_enable": True})
RELEASE = Release.of(
    "web",
    StationConfig(
        camera=CameraConfig(kind="replay"),
        trigger=TriggerSource.CAMERA,
        frames_per_s=5,
        prompts=(Prompt(words="a scratch"),),
        deadline_ms=DEADLINE_MS,
        mode=Mode.OBSERVE,
    ),
)
SKEWS_MS = st.sampled_from([0, 30, -30, 90, -90, 5000])


class Line(RuleBasedStateMachine):
    """Bridge and journal between a model of ingest and a PLC that acknowledges what it is shown."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.clock = ManualClock()
        self.path = Path(self.folder.name) / "bridge.sqlite"
        self.journal = Journal(self.path)
        self.queue = list[JournalOp]()
        self.epoch = 1
        self.last_seq = 0
        self.boots = 1
        self.captured_ns: dict[PartKey, int] = {}  # on the bridge's clock, whatever notices say
        self.skew_ms: int | None = None  # of ingest's clock, where it is on another machine
        self.machines = 0
        self.ways_ns: dict[str, list[int]] = {}  # how long notices of a machine were on their way
        self.slack_ns: dict[PartKey, int] = {}
        self.notices: list[CaptureNotice] = []
        self.own_pass: dict[PartKey, int] = {}
        self.spoken: set[PartKey] = set()
        self.image = PlcImage()
        self.to_acknowledge: int | None = None
        self.station = self._new_station()

    # Ingest

    @rule(
        lost=st.sampled_from([0, 0, 0, 1, 3]),
        arrives=st.sampled_from(["at once", "at once", "later", "never"]),
    )
    def frame(self, lost: int, arrives: str) -> None:
        """A frame is numbered, behind those that the camera lost."""
        now = self.clock.now()
        self.last_seq += lost + 1
        part = PartKey(station="web", epoch=self.epoch, trigger_seq=self.last_seq)
        captured_at = now
        if self.skew_ms is not None:
            utc_ns = now.utc_ns + self.skew_ms * 1_000_000
            captured_at = Stamp(utc_ns=utc_ns, monotonic_ns=7, boot_id=f"ingest {self.machines}")
        self.captured_ns[part] = now.monotonic_ns
        notice = CaptureNotice(
            part=part, part_id=self.last_seq, captured_at=captured_at, deadline_ms=DEADLINE_MS
        )
        if arrives != "never":
            self.notices.append(notice)
        if arrives == "at once":
            self._arrive(notice)

    @precondition(lambda self: self.notices)
    @rule(data=st.data())
    def a_notice_comes_late_or_again(self, data: st.DataObject) -> None:
        self._arrive(data.draw(st.sampled_from(self.notices)))

    @rule(
        steps=st.integers(6, 11),
        notice_ms=st.sampled_from([5, 5, 120, 250]),
        thinks_ms=st.sampled_from([5, 5, 120, 250]),
    )
    def usual_way(self, steps: int, notice_ms: int, thinks_ms: int) -> None:
        """So many steps of a part's usual way: what follows may come at any point of it."""
        way = (
            lambda: self.frame(0, "later"),
            lambda: self.clock.advance_ms(notice_ms),
            lambda: self._arrive(self.notices[-1]),
            lambda: self.journal_commits(8),
            lambda: self._say_of(self._newest(), Decision.PASS, RELEASE.release_id, 0),
            lambda: self.journal_commits(8),
            self.plc_reads_result,
            lambda: self.clock.advance_ms(thinks_ms),
            self.plc_acknowledges,
            lambda: self.journal_commits(8),
            self.plc_reads_result,
        )
        for step in way[:steps]:
            step()

    @rule(skew_ms=SKEWS_MS)
    def ingest_moves_to_another_machine(self, skew_ms: int) -> None:
        self.skew_ms, self.machines = skew_ms, self.machines + 1

    @rule(by=st.integers(1, 3))
    def ingest_loses_its_journal(self, by: int) -> None:
        self.epoch, self.last_seq = self.epoch + by, 0

    @rule()
    def ingest_tells_its_state(self) -> None:
        if self.last_seq:
            reached = SequenceRange(epoch=self.epoch, first_seq=1, last_seq=self.last_seq)
            self.station.numbered(reached, self.clock.now())
            self._take()

    # Inference

    @precondition(lambda self: self.captured_ns)
    @rule(
        data=st.data(),
        decision=st.sampled_from([Decision.PASS, *Decision]),
        under=st.sampled_from([RELEASE.release_id] * 4 + ["another"]),
        wrong=st.sampled_from([0, 0, 0, 1]),
    )
    def verdict(self, data: st.DataObject, decision: Decision, under: str, wrong: int) -> None:
        """Of any part that ever had a number, heard of or not, old or new."""
        key = data.draw(st.sampled_from(sorted(self.captured_ns, key=str)))
        self._say_of(key, decision, under, wrong)

    def _say_of(self, key: PartKey, decision: Decision, release_id: str, wrong: int) -> None:
        now = self.clock.now()
        if not wrong and key not in self.spoken:
            self.spoken.add(key)
            if decision is Decision.PASS and release_id == RELEASE.release_id:
                self.own_pass[key] = now.monotonic_ns
        said = Verdict(
            verdict_id=f"{key}-{now.monotonic_ns}",
            part=key,
            part_id=key.trigger_seq + wrong,
            decision=decision,
            cause=Cause.BAD_IMAGE if decision is Decision.NO_VERDICT else None,
            release_id=release_id,
            started_at=now,
            decided_at=now,
            deadline_ms=DEADLINE_MS,
        )
        self.station.verdict(said, now)
        self._take()

    # The PLC

    @rule()
    def plc_reads_result(self) -> None:
        inputs = self._read()
        if word_to_bits(DISCRETE_INPUTS, int(inputs["status"]))["result_valid"]:
            self.to_acknowledge = int(inputs["seq_head"])
        if inputs["ack_state"] == ACCEPTED:
            decisions = self._disposed_as(int(inputs["ack_echo"]))
            assert Decision.PASS in decisions

    @rule()
    def plc_acknowledges(self) -> None:
        if self.to_acknowledge is not None:
            self._write(ack_seq=self.to_acknowledge)

    @rule(seq16=st.integers(0, 8))
    def rogue_acknowledgement(self, seq16: int) -> None:
        self._write(ack_seq=seq16)

    @rule(seq16=st.integers(0, 65_535), command=st.integers(0, 1))
    def the_plcs_own_numbers(self, seq16: int, command: int) -> None:
        """They are none of these parts."""
        before = dict(self.station.book.open)
        self._write(trigger_seq=seq16, command=command)
        assert set(self.station.book.open) <= set(before)

    @rule()
    def plc_restarts(self) -> None:
        self.boots += 1
        self._write(plc_boot_id=self.boots)

    # Time, journal, bridge

    @rule(ms=st.sampled_from([1, 20, 100, 260, 2100]))
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
        self.clock.advance_ms(50)
        self.station = self._new_station()

    # What must hold

    @invariant()
    def a_shown_pass_is_the_parts_own_and_in_time(self) -> None:
        if not hasattr(self, "station"):
            return
        shown = self.station.book.display.shown
        if self._read()["verdict"] == 1 and shown.acknowledged_at is None:
            self._assert_own_and_in_time(shown.key, shown.presented_at.monotonic_ns)

    def _assert_own_and_in_time(self, key: PartKey, at_ns: int) -> None:
        """What nobody can see of two clocks: the bound, and the way of the quickest notice."""
        assert key in self.own_pass
        latest_ns = self.captured_ns[key] + DEADLINE_MS * 1_000_000 + self.slack_ns.get(key, 0)
        assert self.own_pass[key] < latest_ns
        assert at_ns < latest_ns

    def teardown(self) -> None:
        if not hasattr(self, "station"):
            return
        self.ingest_tells_its_state()
        for _ in range(12):
            self.time_passes(600)
            self.ingest_tells_its_state()
            self.journal_commits(len(self.queue))
        assert not self.station.book.open
        self._assert_closed()
        self.journal.close()
        self.folder.cleanup()

    def _assert_closed(self) -> None:
        query = self.journal.database.execute
        assert query("SELECT count(*) FROM triggers").fetchone() == (0,)
        rows = query(
            "SELECT epoch, first_seq, last_seq, passed + rejected + timeouts + missed FROM epochs"
        ).fetchall()
        for epoch, first, last, total in rows:
            found = query("SELECT trigger_seq FROM dispositions WHERE epoch = ?", (epoch,))
            assert sorted(seq for (seq,) in found) == list(range(first, last + 1))
            assert (first, total) == (1, last)
        if self.last_seq:
            assert (self.epoch, self.last_seq) == max(rows)[0:3:2]
        bodies = query("SELECT body FROM dispositions").fetchall()
        for disposition in (Disposition.model_validate_json(body) for (body,) in bodies):
            if disposition.decision is Decision.PASS:
                assert disposition.presented_at is not None
                assert disposition.acknowledged_at is not None
                acknowledged_ns = disposition.acknowledged_at.monotonic_ns
                self._assert_own_and_in_time(disposition.part, acknowledged_ns)

    # Helpers

    def _newest(self) -> PartKey:
        return PartKey(station="web", epoch=self.epoch, trigger_seq=self.last_seq)

    def _arrive(self, notice: CaptureNotice) -> None:
        open_before = set(self.station.book.open)
        known = self.station.numbering.epoch, self.station.numbering.last_seq
        self.station.captured(notice, self.clock.now())
        if (notice.part.epoch, notice.part.trigger_seq) <= known:
            assert set(self.station.book.open) <= open_before
        elif notice.captured_at.boot_id.startswith("ingest"):
            self._note_slack(notice)
        self._take()

    def _note_slack(self, notice: CaptureNotice) -> None:
        machine, way_ns = notice.captured_at.boot_id, self.clock.now().monotonic_ns
        ways_ns = self.ways_ns.pop(machine, [])
        self.ways_ns = {machine: [*ways_ns, way_ns - self.captured_ns[notice.part]]}
        quickest_ns = min(self.ways_ns[machine])
        self.slack_ns[notice.part] = CLOCK_BOUND_MS * 1_000_000 + quickest_ns

    def _write(self, **fields: int) -> None:
        beat = (self.image.heartbeat + 1) & 0xFFFF
        self.image = self.image._replace(heartbeat=beat, **fields)
        self.station.plc_wrote(self.image, self.clock.now())
        self._take()

    def _read(self) -> dict[str, float]:
        return decode(INPUT_REGISTERS, input_words(self.station, self.clock.now()))

    def _new_station(self) -> Station:
        timing = Timing(confirm_ms=2000, clock_bound_ms=CLOCK_BOUND_MS)
        self.station = Station(self.journal.numbering("web"), timing, self.boots)
        self.station.follow(RELEASE, UP, self.clock.now())
        self.to_acknowledge = None
        self.ways_ns = {}
        self.image = PlcImage()
        self._write(control=CONTROL, plc_boot_id=self.boots)
        return self.station

    def _take(self) -> None:
        for effect in self.station.take_effects():
            assert not isinstance(effect, AskPicture)
            self.queue.append(effect)

    def _disposed_as(self, seq16: int) -> list[str]:
        rows = self.journal.database.execute(
            "SELECT json_extract(body, '$.decision') FROM dispositions"
            " WHERE epoch = ? AND trigger_seq % 65536 = ?",
            (self.station.numbering.epoch, seq16),
        )
        return [decision for (decision,) in rows]


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
