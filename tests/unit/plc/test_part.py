"""Every step of a part: those that are allowed, and no others."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.identity import PartKey
from contracts.messages import Trigger, Verdict
from plc.core.part import IllegalStep, Part, PartPhase
from runtime.process.clock import ManualClock

CLOCK = ManualClock()
NOW = CLOCK.now()
CLOCK.advance_ms(100)
TOO_LATE = CLOCK.now()
KEY = PartKey(station="top", epoch=1, trigger_seq=1)
Step = Callable[[Part], object]


def verdict(decision: Decision = Decision.PASS, **changes: object) -> Verdict:
    said = {"verdict_id": "v", "part": KEY, "part_id": 7, "release_id": "r", "started_at": NOW}
    return Verdict(**said | {"decision": decision, "decided_at": NOW, "deadline_ms": 100} | changes)


def new_part() -> Part:
    trigger = Trigger(part=KEY, part_id=7, started_at=NOW, deadline_ms=100)
    return Part(trigger, Mode.GUARD, "r", intended=True)


STEPS: dict[str, Step] = {
    "await_verdict": lambda part: part.await_verdict(),
    "decide": lambda part: part.decide(verdict(), "r", NOW),
    "decide_stale": lambda part: part.decide(verdict(release_id="old"), "r", NOW),
    "expire": lambda part: part.expire(Cause.EXPIRED, NOW),
    "present": lambda part: part.present(NOW),
    "acknowledge": lambda part: part.acknowledge(NOW),
    "confirm": lambda part: part.confirm(Gate.EJECTED),
    "deny": lambda part: part.confirm(Gate.NOT_SEEN),
}
WAYS: dict[PartPhase, list[str]] = {
    PartPhase.TRIGGERED: [],
    PartPhase.AWAITING: ["await_verdict"],
    PartPhase.VERDICT: ["await_verdict", "decide"],
    PartPhase.EXPIRED: ["await_verdict", "expire"],
    PartPhase.PRESENTED: ["await_verdict", "decide", "present"],
    PartPhase.ACKED: ["await_verdict", "decide", "present", "acknowledge"],
    PartPhase.CONFIRMED: ["await_verdict", "expire", "confirm"],
    PartPhase.UNCONFIRMED: ["await_verdict", "expire", "deny"],
}
SEEN = {"confirm": PartPhase.CONFIRMED, "deny": PartPhase.UNCONFIRMED}
ALLOWED: dict[PartPhase, dict[str, PartPhase]] = {
    PartPhase.TRIGGERED: {"await_verdict": PartPhase.AWAITING, "expire": PartPhase.EXPIRED},
    PartPhase.AWAITING: {
        "decide": PartPhase.VERDICT,
        "decide_stale": PartPhase.EXPIRED,
        "expire": PartPhase.EXPIRED,
    },
    PartPhase.VERDICT: {"present": PartPhase.PRESENTED, "expire": PartPhase.EXPIRED, **SEEN},
    PartPhase.EXPIRED: {"present": PartPhase.PRESENTED, **SEEN},
    PartPhase.PRESENTED: {"acknowledge": PartPhase.ACKED, "expire": PartPhase.EXPIRED, **SEEN},
    PartPhase.ACKED: SEEN,
    PartPhase.CONFIRMED: {},
    PartPhase.UNCONFIRMED: {},
}


def after(*steps: str) -> Part:
    part = new_part()
    for step in steps:
        STEPS[step](part)
    return part


@pytest.mark.parametrize(("phase", "step"), list(product(PartPhase, STEPS)))
def test_each_step_from_each_phase(phase, step):
    part = after(*WAYS[phase])
    assert part.phase is phase
    if step in ALLOWED[phase]:
        STEPS[step](part)
        assert part.phase is ALLOWED[phase][step]
    else:
        with pytest.raises(IllegalStep):
            STEPS[step](part)
        assert part.phase is phase


AWAITING, DECIDED = WAYS[PartPhase.AWAITING], WAYS[PartPhase.VERDICT]
FORBIDDEN: dict[str, tuple[list[str], Step]] = {
    "a late verdict": (AWAITING, lambda part: part.decide(verdict(), "r", TOO_LATE)),
    "another part's": (
        AWAITING,
        lambda part: part.decide(verdict(part=KEY.model_copy(update={"trigger_seq": 2})), "r", NOW),
    ),
    "an old epoch's": (
        AWAITING,
        lambda part: part.decide(verdict(part=KEY.model_copy(update={"epoch": 0})), "r", NOW),
    ),
    "another part id": (AWAITING, lambda part: part.decide(verdict(part_id=8), "r", NOW)),
    "shown late": (DECIDED, lambda part: part.present(TOO_LATE)),
    "acknowledged late": ([*DECIDED, "present"], lambda part: part.acknowledge(TOO_LATE)),
    "settled unacknowledged": ([*DECIDED, "present"], lambda part: part.settle()),
    "settled undecided": (AWAITING, lambda part: part.settle()),
}


@pytest.mark.parametrize(("way", "step"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_makes_no_pass(way, step):
    part = after(*way)
    phase = part.phase
    with pytest.raises(IllegalStep):
        step(part)
    assert (part.phase, part.settled) == (phase, False)


def test_nothing_is_shown_before_the_journal_has_it():
    part = after(*DECIDED)
    part.intended = False
    with pytest.raises(IllegalStep):
        part.present(NOW)


def test_a_reject_may_be_shown_and_acknowledged_late():
    part = after(*AWAITING)
    part.decide(verdict(Decision.REJECT), "r", NOW)
    part.present(TOO_LATE)
    part.acknowledge(TOO_LATE)
    assert part.settle().decision is Decision.REJECT


def test_it_is_settled_once():
    part = after(*WAYS[PartPhase.ACKED])
    assert part.settle().decision is Decision.PASS
    with pytest.raises(IllegalStep):
        part.settle()
