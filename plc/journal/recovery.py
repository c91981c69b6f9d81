"""What becomes of the parts that were open when the bridge stopped.

A part whose reject, or no verdict, was journaled keeps it: nothing could make it a pass any more.
Every other open part, one with a pass that was never acknowledged too, is a bridge_restart. A
verdict that the journal has is named either way.
"""

from __future__ import annotations

import sqlite3

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.messages import Disposition, Trigger

_OPEN = """
    SELECT t.mode, coalesce(i.release_id, t.release_id), t.body, i.decision, i.cause, i.verdict_id,
        l.verdict_id, l.decision
    FROM triggers t
    LEFT JOIN intents i USING (station, epoch, trigger_seq)
    LEFT JOIN late_verdicts l USING (station, epoch, trigger_seq)
    ORDER BY t.station, t.epoch, t.trigger_seq
"""


def leftovers(database: sqlite3.Connection) -> list[Disposition]:
    """The dispositions of the parts that the journal has as open, in order."""
    return [_disposition(*row) for row in database.execute(_OPEN)]


def _disposition(
    mode: str,
    release_id: str,
    body: str,
    intent: str | None,
    cause: str | None,
    verdict_id: str | None,
    late_id: str | None,
    late: str | None,
) -> Disposition:
    trigger = Trigger.model_validate_json(body)
    if intent in (None, Decision.PASS):
        intent, cause = Decision.NO_VERDICT, Cause.BRIDGE_RESTART
    return Disposition(
        part=trigger.part,
        part_id=trigger.part_id,
        encoder=trigger.encoder,
        challenge=trigger.challenge,
        decision=Decision(intent),
        cause=Cause(cause) if cause else None,
        mode=Mode(mode),
        release_id=release_id,
        verdict_id=verdict_id,
        late_verdict_id=late_id,
        late_decision=Decision(late) if late else None,
        started_at=trigger.started_at,
        gate=Gate.PENDING if Mode(mode) is Mode.GUARD else Gate.NOT_ASKED,
    )
