"""A station whose journal commits at once, a PLC's hand on its registers, a clock to move."""

from __future__ import annotations

from contracts.camera import CameraConfig
from contracts.causes import Cause, Decision, Mode
from contracts.messages import Disposition, Reason, Trigger, Verdict
from contracts.release import Activation, Prompt, Release, StationConfig
from plc.core.effects import AskPicture, LogMissed, NoteGate, NoteLate, OpenEpoch, Settle
from plc.core.numbering import Numbering
from plc.core.part_book import Timing
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
from runtime.process.clock import ManualClock

UP = Health(broker=True, journal=True, release=True, inference=True, camera=True)
RUN = bits_to_word(COILS, {"line_running": True, "trigger_enable": True, "buffer_enable": True})


def release(**config: object) -> Activation:
    """Guard mode, a deadline of 300 ms, and what the test adds."""
    of = Release.of(
        "top",
        StationConfig(
            camera=CameraConfig(kind="replay"),
            prompts=(Prompt(words="a scratch"),),
            **{"mode": Mode.GUARD, "deadline_ms": 300, **config},
        ),
    )
    return Activation.by("anna", "a trial", of)


def _reason(prompt: str) -> Reason:
    return Reason(prompt=prompt, rule="any", measured=1, limit=0, unit="findings")


class Rig:
    """Drives one station. ``settled`` holds dispositions by sequence, ``notes`` what came later."""

    def __init__(self, numbering: Numbering | None = None, **config: object) -> None:
        self.clock = ManualClock()
        self.station = Station(numbering or Numbering("top"), Timing(), bridge_boot_id=1)
        self.settled: dict[int, Disposition] = {}
        self.notes: list[NoteGate | NoteLate] = []
        self.asked: dict[int, Trigger] = {}
        self.epochs: list[OpenEpoch] = []
        self.image = PlcImage()
        self.follow(release(**config), UP)

    def follow(self, active: Release | None, health: Health) -> None:
        self.station.follow(active, health, self.clock.now())
        self.commit()

    def meet(self, boot_id: int = 7, trigger_seq: int = 0) -> None:
        """The PLC introduces itself."""
        self.write(plc_boot_id=boot_id, trigger_seq=trigger_seq, control=RUN)

    def write(self, **fields: int) -> None:
        beat = (self.image.heartbeat + 1) & 0xFFFF
        self.image = self.image._replace(heartbeat=beat, **fields)
        self.station.plc_wrote(self.image, self.clock.now())
        self.commit()

    def select(self, recipe: int) -> None:
        """The PLC selects a recipe, as docs/plc.md tells it to."""
        on = bits_to_word(COILS, {"recipe_exec": True})
        self.write(recipe_id=recipe, control=RUN | on)
        self.write(control=RUN)

    def set_coils(self, *names: str) -> None:
        """From now on these and those of a running line; nothing else is written."""
        self.write(control=RUN | bits_to_word(COILS, dict.fromkeys(names, True)))

    def raise_coils(self, *names: str) -> None:
        self.set_coils(*names)
        self.set_coils()

    def trigger(self, seq: int) -> None:
        self.write(trigger_seq=seq & 0xFFFF, part_id=100 + seq)

    def say(
        self,
        seq: int,
        decision: Decision,
        cause: Cause | None = None,
        under: Release | None = None,
        because: str | None = None,
    ) -> Verdict:
        """Inference speaks of a part, by the active release's rules or by those of another."""
        now, trigger = self.clock.now(), self.asked[seq]
        verdict = Verdict(
            verdict_id=f"v{seq}",
            part=trigger.part,
            part_id=trigger.part_id,
            decision=decision,
            cause=cause,
            reasons=(_reason(because),) if because else (),
            release_id=under.release_id if under else self.station.release_id,
            started_at=trigger.started_at,
            decided_at=now,
            deadline_ms=trigger.deadline_ms,
        )
        self.station.verdict(verdict, now, now)
        self.commit()
        return verdict

    def wait(self, ms: float) -> None:
        """Time passes in steps of 10 ms; the PLC's heartbeat goes on."""
        for _ in range(round(ms / 10)):
            self.clock.advance_ms(10)
            self.write()

    def commit(self) -> None:
        while effects := self.station.take_effects():
            for effect in effects:
                self._note(effect)
                if not isinstance(effect, AskPicture):
                    self.station.committed(effect, self.clock.now())

    def read(self) -> dict[str, float]:
        return decode(INPUT_REGISTERS, input_words(self.station, self.clock.now()))

    def bits(self) -> dict[str, bool]:
        return word_to_bits(DISCRETE_INPUTS, int(self.read()["status"]))

    def _note(self, effect: object) -> None:
        if isinstance(effect, AskPicture):
            self.asked[effect.trigger.part.trigger_seq] = effect.trigger
        elif isinstance(effect, Settle):
            seq = effect.disposition.part.trigger_seq
            assert seq not in self.settled
            self.settled[seq] = effect.disposition
        elif isinstance(effect, LogMissed):
            self.settled |= {each.part.trigger_seq: each for each in effect.dispositions}
        elif isinstance(effect, OpenEpoch):
            self.epochs.append(effect)
        elif isinstance(effect, NoteGate | NoteLate):
            self.notes.append(effect)
