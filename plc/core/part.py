"""One part, from its trigger to what the gate did with it. Pure.

    TRIGGERED -> AWAITING -> VERDICT | EXPIRED -> PRESENTED -> ACKED -> CONFIRMED | UNCONFIRMED

A part starts as a reject and stays one. It becomes a pass at one place only, ``acknowledge``, and
only with its own pass, presented, before its deadline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.errors import RefereeError
from contracts.identity import PartKey, Stamp
from contracts.messages import Disposition, Trigger, Verdict


class PartPhase(Enum):
    """Where a part is."""

    TRIGGERED = "triggered"  # the PLC announced it, the journal does not have it yet
    AWAITING = "awaiting"  # journaled, its picture is asked for
    VERDICT = "verdict"  # inference spoke in time
    EXPIRED = "expired"  # nobody will speak in time
    PRESENTED = "presented"  # on the registers
    ACKED = "acked"  # the PLC took it
    CONFIRMED = "confirmed"  # the gate's sensor saw it go
    UNCONFIRMED = "unconfirmed"  # the gate's sensor did not


_NEXT: dict[PartPhase, frozenset[PartPhase]] = {
    PartPhase.TRIGGERED: frozenset({PartPhase.AWAITING, PartPhase.EXPIRED}),
    PartPhase.AWAITING: frozenset({PartPhase.VERDICT, PartPhase.EXPIRED}),
    PartPhase.VERDICT: frozenset(
        {PartPhase.PRESENTED, PartPhase.EXPIRED, PartPhase.CONFIRMED, PartPhase.UNCONFIRMED}
    ),
    PartPhase.EXPIRED: frozenset({PartPhase.PRESENTED, PartPhase.CONFIRMED, PartPhase.UNCONFIRMED}),
    PartPhase.PRESENTED: frozenset(
        {PartPhase.ACKED, PartPhase.EXPIRED, PartPhase.CONFIRMED, PartPhase.UNCONFIRMED}
    ),
    PartPhase.ACKED: frozenset({PartPhase.CONFIRMED, PartPhase.UNCONFIRMED}),
    PartPhase.CONFIRMED: frozenset(),
    PartPhase.UNCONFIRMED: frozenset(),
}


class IllegalStep(RefereeError):
    """A part was asked to do what its phase does not allow: a bug, never a line condition."""


@dataclass
class Part:
    """What the bridge knows of one part.

    Attributes:
        decision: what its slot in the PLC means now; None until somebody decided.
        settled: its one disposition was handed to the journal.
        intended: the journal has the decision that the registers may show.
        capture_failed: its trigger could not be handed to the camera.
        is_captured: the camera triggered it: its picture is taken already.
        refused: why it can be no pass, as was known when it began.
        late: a verdict that was not applied.
        gate: what the gate's sensor said, once it did.
    """

    trigger: Trigger
    mode: Mode
    release_id: str
    phase: PartPhase = PartPhase.TRIGGERED
    verdict: Verdict | None = None
    decision: Decision | None = None
    cause: Cause | None = None
    intended: bool = False
    settled: bool = False
    capture_failed: bool = False
    is_captured: bool = False
    refused: Cause | None = None
    late: Verdict | None = None
    gate: Gate | None = None
    decided_ns: int = 0
    verdict_arrived_at: Stamp | None = None
    presented_at: Stamp | None = None
    acknowledged_at: Stamp | None = None
    key: PartKey = field(init=False)

    def __post_init__(self) -> None:
        self.key = self.trigger.part

    @property
    def seq16(self) -> int:
        """The sequence as the registers show it."""
        return self.key.trigger_seq & 0xFFFF

    @property
    def deadline_ns(self) -> int:
        """Monotonic time from which on it can be no pass."""
        return self.trigger.started_at.monotonic_ns + self.trigger.deadline_ms * 1_000_000

    @property
    def is_pass(self) -> bool:
        """Its decision so far. Not yet a pass for the gate: that takes ``acknowledge``."""
        return self.decision is Decision.PASS

    @property
    def judged_under(self) -> str:
        """The release whose rules decided, else the one at its trigger."""
        return self.verdict.release_id if self.verdict else self.release_id

    def in_time(self, now: Stamp) -> bool:
        """Return whether a pass may still be presented or acknowledged."""
        return now.monotonic_ns < self.deadline_ns

    def await_verdict(self) -> None:
        """Note that the journal has its trigger."""
        self._to(PartPhase.AWAITING)

    def takes(self, verdict: Verdict) -> bool:
        """Return whether this is the part's own verdict and its first."""
        ours = verdict.part == self.key and verdict.part_id == self.trigger.part_id
        return ours and self.phase is PartPhase.AWAITING

    def decide(self, verdict: Verdict, active_release_id: str, now: Stamp) -> None:
        """Take the part's own verdict, in time. Rules that are not in force give no pass."""
        if not (self.takes(verdict) and self.in_time(now)):
            raise IllegalStep(f"{self.key}: verdict {verdict.verdict_id} is not its own in time")
        in_force = verdict.release_id in {self.release_id, active_release_id} - {""}
        if verdict.decision is Decision.PASS and not in_force:
            self.expire(Cause.STALE_RELEASE, now)
            self.late = verdict
            return
        self._to(PartPhase.VERDICT)
        self.verdict = verdict
        self.decision = verdict.decision
        self.cause = verdict.cause
        self.decided_ns = now.monotonic_ns

    def expire(self, cause: Cause, now: Stamp) -> None:
        """Decide that the part has no verdict: none came, or it could not be shown in time."""
        if self.presented_at is None:
            self.late, self.verdict = self.verdict, None
        self._to(PartPhase.EXPIRED)
        self.decision = Decision.NO_VERDICT
        self.cause = cause
        self.decided_ns = now.monotonic_ns

    def present(self, now: Stamp) -> None:
        """Note that the registers show its decision."""
        if not self.intended or (self.is_pass and not self.in_time(now)):
            raise IllegalStep(f"{self.key}: {self.decision} may not be shown")
        self._to(PartPhase.PRESENTED)
        self.presented_at = now

    def acknowledge(self, now: Stamp) -> None:
        """Note that the PLC acknowledged what the registers show."""
        if self.is_pass and not self.in_time(now):
            raise IllegalStep(f"{self.key}: a pass was acknowledged after its deadline")
        self._to(PartPhase.ACKED)
        self.acknowledged_at = now

    def confirm(self, gate: Gate) -> None:
        """Note what the gate's sensor reports of a part that is settled."""
        seen = gate is Gate.EJECTED
        self._to(PartPhase.CONFIRMED if seen else PartPhase.UNCONFIRMED)
        self.gate = gate

    def settle(self) -> Disposition:
        """Return its disposition. Raises IllegalStep if it is called twice."""
        if self.settled or self.decision is None:
            raise IllegalStep(f"{self.key}: settled {self.settled}, decision {self.decision}")
        if self.is_pass and self.phase is not PartPhase.ACKED:
            raise IllegalStep(f"{self.key}: a pass without an acknowledgement")
        self.settled = True
        return self._disposition()

    @property
    def is_ejected(self) -> bool:
        """Whether the gate is asked to eject it."""
        return self.mode is Mode.GUARD and not self.is_pass

    def _disposition(self) -> Disposition:
        unseen = Gate.PENDING if self.is_ejected else Gate.NOT_ASKED
        return Disposition(
            part=self.key,
            part_id=self.trigger.part_id,
            encoder=self.trigger.encoder,
            challenge=self.trigger.challenge,
            decision=self.decision or Decision.NO_VERDICT,
            cause=self.cause,
            mode=self.mode,
            release_id=self.judged_under,
            verdict_id=self.verdict.verdict_id if self.verdict else None,
            late_verdict_id=self.late.verdict_id if self.late else None,
            late_decision=self.late.decision if self.late else None,
            started_at=self.trigger.started_at,
            verdict_arrived_at=self.verdict_arrived_at if self.verdict else None,
            presented_at=self.presented_at,
            acknowledged_at=self.acknowledged_at,
            gate=self.gate or unseen,
        )

    def _to(self, phase: PartPhase) -> None:
        if phase not in _NEXT[self.phase]:
            raise IllegalStep(f"{self.key}: {self.phase.value} -> {phase.value}")
        self.phase = phase
