"""The real station, its real journal and the simulated PLC's program on a clock that a test moves.

The PLC writes every 20 ms and reads 10 ms later; the journal's flush takes 5 ms, so that it can be
seen. Nothing else is made up: what is recorded is what stood on the registers at each millisecond.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from pathlib import Path

from contracts.camera import CameraConfig
from contracts.causes import Decision, Mode
from contracts.messages import Disposition, Trigger, Verdict
from contracts.release import Prompt, Release, StationConfig
from plc.core.effects import AskPicture, JournalOp
from plc.core.part_book import ACCEPTED, NOTED, REFUSED, Timing
from plc.core.phases import BridgePhase, Health
from plc.core.plc_image import PlcImage
from plc.core.registers import CAUSE_CODES, DISCRETE_INPUTS, INPUT_REGISTERS, decode, word_to_bits
from plc.core.station import Station
from plc.core.view import input_words
from plc.journal.journal import Journal
from runtime.process.clock import ManualClock
from simulation.soft_plc.belt import Belt, BeltPlan
from simulation.soft_plc.drive import Drive, DrivePlan
from simulation.soft_plc.gate import GatePlan, RejectGate
from simulation.soft_plc.program import Program

POLL_MS, FLUSH_MS = 20, 5
DEADLINE_MS, GATE_MS = 650, 800 + POLL_MS // 2  # the bridge hears of a part half a poll later
BEFORE_MS = 40  # what the picture shows of the time before the trigger
UP = Health(broker=True, journal=True, release=True, inference=True, camera=True)
RELEASE = Release.of(
    "top",
    StationConfig(
        camera=CameraConfig(kind="replay"),
        prompts=(Prompt(words="a scratch"),),
        mode=Mode.GUARD,
        deadline_ms=DEADLINE_MS,
    ),
)

WRITTEN = ("trigger_seq", "ack_seq", "reject_confirm_seq")
REGISTERS = (
    *("trigger_echo", "seq_head", "verdict", "cause"),
    *("ack_echo", "ack_state", "phase", "bridge_boot_id"),
)
WORDS = {
    "verdict": {1: "pass", 2: "reject", 3: "timeout", 4: "error"},
    "ack_state": {ACCEPTED: "clear the slot", REFUSED: "refused", NOTED: "noted"},
    "phase": {int(phase): phase.name for phase in BridgePhase},
    "cause": {code: str(cause) for cause, code in CAUSE_CODES.items()},
}

Say = tuple[int, Decision]
"""When the verdict on the part comes, in ms after its trigger, and what it is."""


class Trial:
    """One run, in steps of one millisecond."""

    def __init__(self, journal_path: Path, parts: int = 1) -> None:
        self.cable = self.is_up = True
        self._path = journal_path
        self._clock = ManualClock()
        self._ms = 0
        belt = Belt(BeltPlan(1, GATE_MS, jitter=0, seed=0, parts=parts), boot_id=7)
        self._plc = Program(belt, Drive(DrivePlan(), seed=0), RejectGate(GatePlan()))
        self._origin_ms: int | None = None
        self._boots = 0
        self._flushes = deque[tuple[int, JournalOp]]()
        self._asked: dict[int, Trigger] = {}
        self._ledger: dict[int, Disposition] = {}
        self._seen: dict[str, list[str]] = defaultdict(list)
        self.start()

    def start(self) -> None:
        """Start the bridge with the journal as it is."""
        self._journal = Journal(self._path)
        self._journal.close_leftovers()
        self._boots += 1
        numbering = self._journal.numbering("top")
        self._station = Station(numbering, Timing(), bridge_boot_id=self._boots)
        self._station.follow(RELEASE, UP, self._clock.now())
        self.is_up = True
        self._take_ledger()

    def kill(self) -> None:
        """Kill the bridge: what was not flushed is lost."""
        self._flushes.clear()
        self._journal.close()
        self.is_up = False

    def run(
        self,
        until_ms: int,
        says: Mapping[int, Say],
        at: Mapping[int, Callable[[Trial], object]] | None = None,
    ) -> dict[str, list[str]]:
        """Run until a time after the first trigger. ``at`` has what else happens, and when.

        Returns:
            For each signal its value at each millisecond, from BEFORE_MS before the trigger on.
        """
        while (now_ms := self._after_trigger_ms()) is None or now_ms < until_ms:
            self._step(says, at or {})
        self.kill()
        length_ms = BEFORE_MS + until_ms + 1
        return {name: values[-length_ms:] for name, values in self._seen.items()}

    def cut(self) -> None:
        """Stall the network between PLC and bridge."""
        self.cable = False

    def mend(self) -> None:
        """Let the network go on."""
        self.cable = True

    def _step(self, says: Mapping[int, Say], at: Mapping[int, Callable[[Trial], object]]) -> None:
        self._ms += 1
        self._clock.advance_ms(1)
        now_ms = self._after_trigger_ms()
        if now_ms is not None and now_ms in at:
            at[now_ms](self)
        self._plc.move(self._ms * 1_000_000)
        if self.is_up:
            self._flush()
            self._hear(says)
            self._station.tick(self._clock.now())
            self._carry_out()
        self._exchange()
        self._record()

    def _exchange(self) -> None:
        if not self.cable or self._ms % (POLL_MS // 2):
            return
        if not self.is_up:
            self._plc.lost()
        elif self._ms % POLL_MS:
            words = input_words(self._station, self._clock.now())
            self._plc.read(decode(INPUT_REGISTERS, words))
        else:
            while (image := self._plc.next_write()) is not None:
                self._write(image)

    def _write(self, image: PlcImage) -> None:
        if image.trigger_seq == 1 and self._origin_ms is None:
            self._origin_ms = self._ms
        self._station.plc_wrote(image, self._clock.now())
        self._carry_out()
        self._plc.wrote(image)

    def _hear(self, says: Mapping[int, Say]) -> None:
        for seq, (after_ms, decision) in says.items():
            trigger = self._asked.get(seq)
            now = self._clock.now()
            if trigger and round(now.ms_since(trigger.started_at)) == after_ms:
                self._station.verdict(_verdict(trigger, decision), now)
                self._carry_out()

    def _flush(self) -> None:
        while self._flushes and self._flushes[0][0] <= self._ms:
            _, op = self._flushes.popleft()
            self._journal.apply([op])
            self._take_ledger()
            self._station.committed(op, self._clock.now())
            self._carry_out()

    def _carry_out(self) -> None:
        for effect in self._station.take_effects():
            if isinstance(effect, AskPicture):
                self._asked[effect.trigger.part.trigger_seq] = effect.trigger
            else:
                self._flushes.append((self._ms + FLUSH_MS, effect))

    def _take_ledger(self) -> None:
        for (body,) in self._journal.database.execute("SELECT body FROM dispositions"):
            each = Disposition.model_validate_json(body)
            self._ledger[each.part.trigger_seq] = each

    def _after_trigger_ms(self) -> int | None:
        return None if self._origin_ms is None else self._ms - self._origin_ms

    def _record(self) -> None:
        for name, value in self._signals().items():
            self._seen[name].append(value)

    def _signals(self) -> dict[str, str]:
        wrote, inputs = dict[str, int](), dict[str, float]()
        if self.is_up:
            wrote = self._station.image._asdict()
            inputs = decode(INPUT_REGISTERS, input_words(self._station, self._clock.now()))
        bits = word_to_bits(DISCRETE_INPUTS, int(inputs.get("status", 0)))
        shown = {name: _shown(name, inputs[name]) if inputs else "" for name in REGISTERS}
        slots = {f"slot {seq}": self._slot(seq) for seq in (1, 2)}
        ledger = {f"ledger {seq}": _entry(self._ledger.get(seq)) for seq in (1, 2)}
        return {
            **{name: str(wrote.get(name, "")) for name in WRITTEN},
            **shown,
            "result_valid": str(int(bits["result_valid"])) if inputs else "",
            **slots,
            **ledger,
        }

    def _slot(self, seq: int) -> str:
        """Return the state of the part in the PLC's shift register, and then what its gate did."""
        slot = self._plc.belt.find(seq)
        if slot is not None:
            return "clear" if slot.cleared else "pending" if slot.pending else "REJECT"
        done = [part["gate"] for part in self._plc.tally.parts if part["seq"] == seq]
        return str(done[0]) if done else ""


def _shown(name: str, value: float) -> str:
    word = WORDS[name].get(int(value), "") if name in WORDS else ""
    return f"{value:g} {word}".strip()


def _entry(of: Disposition | None) -> str:
    if of is None:
        return ""
    cause, gate = f" ({of.cause})" if of.cause else "", f", gate {of.gate}"
    late = f", late {of.late_decision}" if of.late_decision else ""
    return f"{of.decision}{cause}{late}{gate if of.gate not in ('pending', 'not_asked') else ''}"


def _verdict(trigger: Trigger, decision: Decision) -> Verdict:
    return Verdict(
        verdict_id=f"v{trigger.part.trigger_seq}",
        part=trigger.part,
        part_id=trigger.part_id,
        decision=decision,
        release_id=RELEASE.release_id,
        started_at=trigger.started_at,
        decided_at=trigger.started_at,
        deadline_ms=trigger.deadline_ms,
    )
