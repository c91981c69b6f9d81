"""What becomes of the parts that were open when the bridge stopped.

A part whose reject, or no verdict, was journaled keeps it: nothing could make it a pass any more.
Every other open part, one with a pass that was never acknowledged too, is a bridge_restart.
"""

from __future__ import annotations

import sqlite3

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.messages import Disposition, Trigger

_OPEN = """
    SELECT t.mode, coalesce(i.release_id, t.release_id), t.body, i.decision, i.cause, i.verdict_id
    FROM triggers t
    LEFT JOIN (SELECT * FROM intents WHERE decision <> 'pass') i USING (station, epoch, trigger_seq)
    ORDER BY t.station, t.epoch, t.trigger_seq
"""


def leftovers(database: sqlite3.Connection) -> list[Disposition]:
    """The dispositions of the parts that the journal has as open, in order."""
    return [_disposition(*row) for row in database.execute(_OPEN)]


def _disposition(
    mode: str,
    release_id: str,
    body: str,
    decision: str | None,
    cause: str | None,
    verdict_id: str | None,
) -> Disposition:
    trigger = Trigger.model_validate_json(body)
    intent = Decision(decision) if decision else None
    return Disposition(
        part=trigger.part,
        part_id=trigger.part_id,
        encoder=trigger.encoder,
        challenge=trigger.challenge,
        decision=intent or Decision.NO_VERDICT,
        cause=(Cause(cause) if cause else None) if intent else Cause.BRIDGE_RESTART,
        mode=Mode(mode),
        release_id=release_id,
        verdict_id=verdict_id,
        started_at=trigger.started_at,
        gate=Gate.PENDING if Mode(mode) is Mode.GUARD else Gate.NOT_ASKED,
    )
