"""One station's bridge: what the PLC writes and what verdicts say go in, effects come out. Pure.

Nothing here waits, reads a clock or touches a wire: each call is given the moment, does what is
due by then, and leaves effects to be carried out in order. ``committed`` says that the journal has
one durably; only then does the station go on to what depends on it.
"""

from __future__ import annotations

from contracts.causes import Cause, Mode, TriggerSource
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
    OpenEpoch,
    Settle,
)
from plc.core.numbering import Numbering
from plc.core.outages import Outages
from plc.core.part_book import PartBook, Timing
from plc.core.part_source import ArrivedVerdict, Moment, PartSource, Terms
from plc.core.phases import BridgeState, Health
from plc.core.plc_image import PlcChanges, PlcImage
from plc.core.plc_parts import PlcParts

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
        self.recipe = self.kept_recipe = 0
        self.release: Release | None = None
        self._line_release: Release | None = None
        self.health = Health()
        self.is_closed = False
        self._heartbeat_ns: int | None = None
        counting = Counting(numbering, self.book)
        self._sources: dict[TriggerSource, PartSource] = {
            TriggerSource.PLC: PlcParts(counting),
            TriggerSource.CAMERA: CameraParts(counting, timing.clock_bound_ms),
        }
        self._source = self._sources[TriggerSource.PLC]

    @property
    def mode(self) -> Mode:
        """Its release's mode; guard if it has no release."""
        return self._line_release.config.mode if self._line_release else Mode.GUARD

    @property
    def release_id(self) -> str:
        """Id of the selected recipe's release, empty if there is none."""
        return self.release.release_id if self.release else ""

    def take_effects(self) -> list[Effect]:
        """Return what is to be done now, in order. Each effect is returned once."""
        effects, self.book.effects = self.book.effects, []
        return effects

    def follow(self, release: Release | None, health: Health, now: Stamp) -> None:
        """Take up the station's release and what is available; the PLC's share is found here."""
        self.health = health
        if release is not self._line_release:
            self._line_release = release
            self.book.reject_limit = release.config.consecutive_reject_limit if release else 0
            self._follow_recipe()
            if release is not None:
                self._follow_source(release.config.trigger, now)
        self.tick(now)

    def plc_wrote(self, image: PlcImage, now: Stamp, *, introducing: bool = False) -> None:
        """Follow the PLC's holding registers. One call for one write on the wire.

        ``introducing``: the PLC has just connected, and its boot id may be about to change.
        """
        self.tick(now)
        changes = PlcChanges(self.image, image, introducing)
        self.image = image
        self.book.buffered = image.coil("buffer_enable")
        if changes.recipe is not None and not self.state.removed:
            self._select(changes.recipe)
        if changes.heartbeat or changes.introduced:
            self._heartbeat_ns = now.monotonic_ns
        self._update_state(now)
        self._clear_latches(changes)
        if not self.state.removed:
            self._source.resync(changes, self._moment(now))
        if changes.gate is not None:
            self.book.gate_said(image.reject_confirm_seq, changes.gate)
        if changes.acknowledged:
            self.book.acknowledge(image.ack_seq, now)
        if not self.state.removed:
            self._source.trigger_by_plc(changes, self._moment(now))
        self.tick(now)

    def verdict(self, verdict: Verdict, now: Stamp, arrived_at: Stamp | None = None) -> None:
        """Take the verdict on a part. ``arrived_at`` is noted; whether it is in time depends on
        ``now``."""
        self.tick(now)
        arrived = ArrivedVerdict(verdict, arrived_at)
        if not self._source.keeps(arrived):
            self._apply(arrived, now)

    def captured(self, notice: CaptureNotice, now: Stamp) -> bool:
        """Begin a part that the camera triggered. Return False if the PLC triggers this station,
        or it has left the line."""
        self.tick(now)
        return not self.is_closed and self._source.captured(notice, self._moment(now))

    def numbered(self, reached: SequenceRange, now: Stamp) -> None:
        """Note how far ingest has numbered the parts that the camera triggered."""
        self._source.numbered(reached, self._moment(now))

    @property
    def triggered_by(self) -> TriggerSource:
        """Who begins its parts."""
        return next(kind for kind, each in self._sources.items() if each is self._source)

    def remove(self, now: Stamp) -> None:
        """Begin no part of the PLC any more: the line has no such station from now on."""
        self.state.remove()
        self.tick(now)

    def close(self, reached: SequenceRange | None, now: Stamp) -> None:
        """Settle every part without a pass, also those up to ``reached`` that a camera numbered."""
        self._source.end(self._moment(now))
        if reached is not None:
            self._source.numbered(reached, self._moment(now))
            self._source.end(self._moment(now))
        self.book.close_open(now, Cause.STATION_REMOVED)
        self.is_closed = True

    def resume(self, recipe: int) -> None:
        """Take up the recipe that the journal has of before the restart."""
        self.recipe = self.kept_recipe = recipe

    @property
    def recipe_ready(self) -> bool:
        """Whether the selected recipe is known, in the journal, and known to inference."""
        is_kept = self.kept_recipe == self.recipe
        return self.release is not None and is_kept and self.health.agreed

    def capture_failed(self, trigger: Trigger) -> None:
        """Note that the camera could not be asked for this part's picture."""
        part = self.book.open.get(trigger.part.trigger_seq)
        if part is not None and part.key == trigger.part:
            part.capture_failed = True

    def committed(self, op: JournalOp, now: Stamp) -> None:
        """Go on after an operation that is durable now."""
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
        elif isinstance(op, OpenEpoch):
            self.book.epoch_is_durable |= op.epoch == self.numbering.epoch
        self.tick(now)

    def tick(self, now: Stamp) -> None:
        """Do what is due by now."""
        self._update_state(now)
        self.book.tick(now)
        for source in self._sources.values():
            for arrived in source.tick(self._moment(now)):
                self._apply(arrived, now)

    def _apply(self, arrived: ArrivedVerdict, now: Stamp) -> None:
        """The part that the verdict is of is open, or was."""
        in_force = self._in_force_for(arrived.verdict.part.trigger_seq)
        self.book.verdict(arrived.verdict, in_force, now, arrived.arrived_at)

    def _follow_source(self, trigger: TriggerSource, now: Stamp) -> None:
        before = self._source
        self._source = self._sources[trigger]
        if self._source is not before:
            self._source.take_charge(self._moment(now))

    def _moment(self, now: Stamp) -> Moment:
        release = self._line_release
        deadline_ms = release.config.deadline_ms if release else NO_RELEASE_DEADLINE_MS
        return Moment(now, self.image, Terms(self.mode, self.release_id, deadline_ms, self.recipe))

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
        """Return the id of the release in force for a part's recipe, empty if there is none."""
        part, known = self.book.open.get(trigger_seq), self._line_release
        if part is None or known is None or part.trigger.recipe == self.recipe:
            return self.release_id
        release = known.of_recipe(part.trigger.recipe)
        return release.release_id if release else ""

    def _update_state(self, now: Stamp) -> None:
        stale_ns = self.timing.plc_stale_ms * 1_000_000
        beat_ns = self._heartbeat_ns
        health = self.health._replace(
            plc_known=self.image.plc_boot_id != 0 and self.book.epoch_is_durable,
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
            self.book.missed_latch = False
            self.book.overrun_latch = False
            self.state.clear_error()

    def _echo_trigger(self, reached: PartKey) -> None:
        if reached.epoch == self.numbering.epoch:
            self.book.trigger_echo = reached.trigger_seq & 0xFFFF
