"""Two minutes of a station, for queries to count."""

from __future__ import annotations

from sqlalchemy.orm import Session

from contracts.causes import Decision, Gate
from contracts.messages import SequenceRange
from contracts.process_state import ProcessState, Role
from storage.part_rows import record_disposition, record_verdict
from storage.process_states import record_state
from storage.release_store import record_release
from tests.unit.storage.part_messages import BEGIN_NS, at, disposition, finding, release, verdict

GUARD = release(mode="guard")
PARTS = 120
"""One a second: each 10th a reject, each 30th, from 5 on, without a verdict, the rest passes."""


def decision(seq: int) -> Decision:
    if seq % 30 == 5:
        return Decision.NO_VERDICT
    return Decision.REJECT if seq % 10 == 0 else Decision.PASS


def fill(session: Session) -> None:
    record_release(session, release(mode="observe"), BEGIN_NS)
    record_release(session, GUARD, BEGIN_NS + 1)
    for seq in range(PARTS):
        called = decision(seq)
        found = (finding(area=2.5), finding(area=1.5), finding("dent", counted=False))
        findings = {"findings": found} if called is Decision.REJECT else {}
        if called is not Decision.NO_VERDICT:
            said = verdict(seq, called, release_id=GUARD.release_id, **findings)
            record_verdict(session, said, BEGIN_NS)
        acknowledged_at = at(seq + 0.065)
        done = disposition(seq, called, acknowledged_at=acknowledged_at, gate=Gate.NOT_ASKED)
        record_disposition(session, done, BEGIN_NS)
    reached = SequenceRange(epoch=1, first_seq=0, last_seq=PARTS - 1)
    state = ProcessState(
        process="bridge",
        role=Role.BRIDGE,
        online=True,
        ready=True,
        phases={"tiles": "running"},
        sequences={"tiles": (reached,)},
        at_utc_ns=BEGIN_NS,
    )
    record_state(session, state, BEGIN_NS)
