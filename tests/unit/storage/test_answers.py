"""How soon a station answered in its last run."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Cause, Decision
from storage.part_rows import record_disposition
from storage.queries import last_answers
from tests.unit.storage.part_messages import BEGIN_NS, SECOND_NS, at, disposition, part

PASS, REJECT, NONE = Decision.PASS, Decision.REJECT, Decision.NO_VERDICT


def put(
    session: Session, seq: int, decision: Decision = PASS, *, epoch: int = 2, **changes: Any
) -> None:
    of = part(seq, changes.pop("station", "tiles"), epoch)
    record_disposition(session, disposition(seq, decision, part=of, **changes), 0)


def test_the_newest_parts_of_the_last_run_newest_first(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        put(session, 9, epoch=1, presented_at=at(9.5))
        put(session, 1, presented_at=at(1.2))
        put(session, 2, REJECT, presented_at=at(2.3))
        put(session, 3, station="lids", presented_at=at(3.9), epoch=7)
        put(session, 4, challenge=True, presented_at=at(4.9))
        answers = last_answers(session, "tiles")
        assert [each.ms for each in answers] == pytest.approx([300, 200])
        assert answers[0].started_at_utc_ns == BEGIN_NS + 2 * SECOND_NS
        assert [each.ms for each in last_answers(session, "tiles", limit=1)] == [300]
        assert last_answers(session, "nowhere") == []


def test_what_was_too_slow_counts_and_what_failed_does_not(sessions: sessionmaker[Session]) -> None:
    slow = [Cause.EXPIRED, Cause.OVERLOAD, Cause.UNACKNOWLEDGED]
    with sessions.begin() as session:
        for seq, cause in enumerate(Cause):
            put(session, seq, NONE, cause=cause)
        put(session, 99, REJECT, presented_at=None)
        answers = last_answers(session, "tiles")
    assert [each.ms for each in answers] == [None] * len(slow)
    told = {list(Cause)[(each.started_at_utc_ns - BEGIN_NS) // SECOND_NS] for each in answers}
    assert told == set(slow)
