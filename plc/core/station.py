"""One station's bridge: what the PLC writes and what verdicts say go in, effects come out. Pure.

Nothing here waits, reads a clock or touches a wire: each call is given the moment, does what is
due by then, and leaves effects to be carried out in order. ``committed`` says that the journal has
one durably; only then does the station go on to what depends on it.
"""

from __future__ import annotations

from contracts.causes import Mode, TriggerSource
from contracts.identity import PartKey, Stamp
from contracts.messages import CaptureNotice, SequenceRange, Trigger, Verdict
from contracts.release import Release
from plc.core.camera_parts import CameraParts
from plc.core.counting import Counting
from plc.core.effects import (
    Effect,
    JournalOp,
    KeepRecipe,
    LogIntent,
    LogTrigger,
    Settle,
)
from plc.core.numbering import Numbering
from plc.core.outages import Outages
from plc.core.part import Part
from plc.core.part_book import PartBook, Timing
from plc.core.phases import BridgeState, ErrorCode, Health
from plc.core.plc_image import PlcChanges, PlcImage
from plc.core.sequence import LARGEST_ABSENCE, LARGEST_GAP, Move, advance, mint_epoch

NO_RELEASE_DEADLINE_MS = 1000


class Station:
    """The bridge's side of one station. One caller at a time."""

    def __init__(self, numbering: Numbering, timing: Timing, bridge_boot_id: int) -> None:
        self.name = numbering.station
        self.numbering = numbering
        self.timing = timing
        self.bridge_boot_id = bridge_boot_id
        self.state = BridgeState()
        self.image = PlcImage()
        self.outages = Outages()
        self.book = PartBook(numbering, self.state, self.outages, timing)
        self.counting = Counting(numbering, self.book)
        self.recipe = self.kept_recipe = 0
        self.release: Release | None = None
        self._line_release: Release | None = None
        self.health = Health()
        self.missed_latch = False
        self._heartbeat_ns: int | None = None
        self._source = TriggerSource.PLC
        self._camera_parts = CameraParts(self, timing.clock_bound_ms)

    @property
    def mode(self) -> Mode:
        """How the station runs; a station that nobody configured guards."""
        return self._line_release.config.mode if self._line_release else Mode.GUARD

    @property
    def release_id(self) -> str:
        """The release of the selected recipe, empty where there is none."""
        return self.release.release_id if self.release else ""

    def take_effects(self) -> list[Effect]:
        """What is to be done now, in order. Each is handed out once."""
        effects, self.book.effects = self.book.effects, []
        return effects

    def follow(self, release: Release | None, health: Health, now: Stamp) -> None:
        """The station's release and what is up; the PLC's part of ``health`` is found here."""
        self.health = health
        if release is not self._line_release:
            self._line_release = release
            self.book.reject_limit = release.config.consecutive_reject_limit if release else 0
            self._follow_recipe()
            if release is not None:
                self._follow_source(release.config.trigger, now)
        self.tick(now)

    def plc_wrote(self, image: PlcImage, now: Stamp) -> None:
        """The PLC changed its holding registers. One call for one write on the wire."""
        self.tick(now)
        changes = PlcChanges(self.image, image)
        self.image = image
        self.book.buffered = image.coil("buffer_enable")
        if changes.recipe is not None:
            self._select(changes.recipe)
        if changes.heartbeat or changes.introduced:
            self._heartbeat_ns = now.monotonic_ns
        self._update_state(now)
        self._clear_latches(changes)
        if self._camera_triggers:
            self._follow_plc(changes, now)
        elif changes.resync:
            self._resync(now)
        if changes.gate is not None:
            self.book.gate_said(image.reject_confirm_seq, changes.gate)
        if changes.acknowledged:
            self.book.acknowledge(image.ack_seq, now)
        if changes.triggered and not (changes.resync or self._camera_triggers):
            self._triggered(now)
        self.tick(now)

    def verdict(self, verdict: Verdict, now: Stamp, arrived_at: Stamp | None = None) -> None:
        """Inference, or ingest, spoke of a part of this station. When the word arrived is noted;
        whether it is in time depends on ``now``."""
        self.tick(now)
        if not (self._camera_triggers and self._camera_parts.takes(verdict, arrived_at)):
            self.pass_on(verdict, arrived_at, now)

    def pass_on(self, verdict: Verdict, arrived_at: Stamp | None, now: Stamp) -> None:
        """The part that the verdict is of is there, or was."""
        in_force = self._in_force_for(verdict.part.trigger_seq)
        self.book.verdict(verdict, in_force, now, arrived_at)

    def captured(self, notice: CaptureNotice, now: Stamp) -> bool:
        """The camera triggered a part. False where the PLC triggers this station's parts."""
        self.tick(now)
        if self._camera_triggers:
            self._camera_parts.captured(notice, now)
        return self._camera_triggers

    def numbered(self, reached: SequenceRange, now: Stamp) -> None:
        """How far ingest has numbered the parts that the camera triggered."""
        if self._camera_triggers:
            self._camera_parts.told(reached, now)

    def resume(self, recipe: int) -> None:
        """The recipe that the journal has of before the restart."""
        self.recipe = self.kept_recipe = recipe

    @property
    def recipe_ready(self) -> bool:
        """Whether the selected recipe is known, survives a restart, and inference has it too."""
        is_kept = self.kept_recipe == self.recipe
        return self.release is not None and is_kept and self.health.agreed

    def capture_failed(self, trigger: Trigger) -> None:
        """The camera could not be asked for this part's picture."""
        part = self.book.open.get(trigger.part.trigger_seq)
        if part is not None and part.key == trigger.part:
            part.capture_failed = True

    def committed(self, op: JournalOp, now: Stamp) -> None:
        """The journal has this durably."""
        if op.reached is not None:
            self._echo_trigger(op.reached)
        if isinstance(op, LogTrigger):
            self.book.trigger_is_durable(op, now)
        elif isinstance(op, LogIntent):
            self.book.intent_is_durable(op)
        elif isinstance(op, Settle):
            self.book.settle_is_durable(op)
        elif isinstance(op, KeepRecipe):
            self.kept_recipe = op.recipe
        self.tick(now)

    def tick(self, now: Stamp) -> None:
        """Do what is due by now."""
        self._update_state(now)
        self.book.tick(now)
        self._camera_parts.tick(now)

    @property
    def _camera_triggers(self) -> bool:
        return self._source is TriggerSource.CAMERA

    def _follow_source(self, source: TriggerSource, now: Stamp) -> None:
        """From the camera's numbers to the PLC's: those begin where its counter stands."""
        had_camera, self._source = self._camera_triggers, source
        if had_camera and not self._camera_triggers and self.image.plc_boot_id:
            self._open_epoch(self.image.trigger_seq + 1, now)

    def _follow_plc(self, changes: PlcChanges, now: Stamp) -> None:
        """It does not number these parts; when it starts anew, it has forgotten those it knew."""
        if changes.introduced and changes.before.plc_boot_id:
            self.book.close_all(now)

    def _select(self, recipe: int) -> None:
        """Parts triggered from now on are judged by it; those on their way keep theirs."""
        if recipe != self.recipe:
            self.recipe = recipe
            self.book.effects.append(KeepRecipe(self.name, recipe))
            self._follow_recipe()

    def _follow_recipe(self) -> None:
        known = self._line_release
        self.release = known.of_recipe(self.recipe) if known else None

    def _in_force_for(self, trigger_seq: int) -> str:
        """Id of the release that judges an open part's own recipe now, empty where none does."""
        part, known = self.book.open.get(trigger_seq), self._line_release
        if part is None or known is None or part.trigger.recipe == self.recipe:
            return self.release_id
        release = known.of_recipe(part.trigger.recipe)
        return release.release_id if release else ""

    def _update_state(self, now: Stamp) -> None:
        stale_ns = self.timing.plc_stale_ms * 1_000_000
        beat_ns = self._heartbeat_ns
        health = self.health._replace(
            plc_told=self.image.plc_boot_id != 0,
            plc_alive=beat_ns is not None and now.monotonic_ns - beat_ns < stale_ns,
            recipe=self.release is not None,
        )
        self.outages.note(health, now)
        running = self.image.coil("line_running") and self.image.coil("trigger_enable")
        self.state.update(health, set_offline=self.image.coil("set_offline"), running=running)

    def _clear_latches(self, changes: PlcChanges) -> None:
        if changes.rose("clear_line_stop"):
            self.book.consecutive = 0
            self.state.clear_line_stop()
        if changes.rose("clear_error"):
            self.missed_latch = self.book.overrun_latch = False
            self.state.clear_error()

    def _resync(self, now: Stamp) -> None:
        """TriggerSeq says where the PLC's counter stands. What it counted alone was missed."""
        seq16 = self.image.trigger_seq
        if self.image.plc_boot_id != self.numbering.plc_boot_id:
            # The counter restarts at 0 with the PLC; one that did not is taken as it stands.
            self._open_epoch(1 if seq16 <= LARGEST_GAP else seq16 + 1, now)
            self.miss_through(seq16, now)
            return
        step = advance(self.numbering.last_seq, seq16, LARGEST_ABSENCE)
        if step.move is Move.JUMP:
            self._jump(seq16 + 1, now)
        self.miss_through(step.trigger_seq, now)
        self.book.trigger_echo = seq16

    def _triggered(self, now: Stamp) -> None:
        step = advance(self.numbering.last_seq, self.image.trigger_seq)
        if step.move is Move.SAME:
            return
        if step.move is Move.JUMP:
            self._jump(step.trigger_seq, now)
        if not self.image.coil("trigger_enable"):
            self.miss_through(step.trigger_seq, now)
            return
        self.miss_through(step.trigger_seq - 1, now)
        self._begin_part(step.trigger_seq, now)

    def _begin_part(self, trigger_seq: int, now: Stamp) -> None:
        release = self._line_release
        trigger = Trigger(
            part=self.numbering.key(trigger_seq),
            part_id=self.image.part_id,
            encoder=self.image.encoder,
            started_at=now,
            deadline_ms=release.config.deadline_ms if release else NO_RELEASE_DEADLINE_MS,
            challenge=self.image.coil("challenge_mode"),
            recipe=self.recipe,
        )
        self.book.begin(Part(trigger, self.mode, self.release_id))

    def _jump(self, first_seq: int, now: Stamp) -> None:
        self._open_epoch(first_seq, now, after_jump=True)
        self.state.fault(ErrorCode.SEQUENCE_JUMP)

    def _open_epoch(self, first_seq: int, now: Stamp, *, after_jump: bool = False) -> None:
        epoch, boot_id = mint_epoch(self.numbering.epoch, now.utc_ns), self.image.plc_boot_id
        self.counting.begin_epoch(epoch, boot_id, first_seq, now, after_jump=after_jump)

    def miss_through(self, last_seq: int, now: Stamp) -> None:
        """Nobody announced the parts up to this one."""
        if self.counting.miss_through(last_seq, self.mode, self.release_id, now):
            self.missed_latch = True

    def _echo_trigger(self, reached: PartKey) -> None:
        if reached.epoch == self.numbering.epoch:
            self.book.trigger_echo = reached.trigger_seq & 0xFFFF
