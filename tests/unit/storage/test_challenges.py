"""Challenge parts are in the ledger, apart from production, and never change their mark."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Cause, Decision
from storage import queries
from storage.part_rows import Contradiction, record_disposition, record_verdict
from tests.unit.storage.part_messages import BEGIN_NS, SECOND_NS, at, disposition, part, verdict
from tests.unit.storage.test_ledger import sequencer

PASS, REJECT, NONE = Decision.PASS, Decision.REJECT, Decision.NO_VERDICT
MISSED = {"cause": Cause.MISSED_TRIGGER}
LATER = BEGIN_NS + 1000 * SECOND_NS


def put(session: Session, seq: int, decision: Decision = PASS, **changes: Any) -> None:
    of = changes.get("part", part(seq))
    if decision is not NONE:
        record_verdict(session, verdict(seq, decision, part=of), 0)
    record_disposition(session, disposition(seq, decision, **changes), 0)


def test_the_last_challenge_is_the_newest_run_of_its_parts(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        sequencer(session, 0, 9)
        assert queries.last_challenges(session) == {}
        put(session, 0, REJECT, challenge=True)
        for seq in (1, 7):
            put(session, seq)
        for seq, decision in ((2, REJECT), (3, PASS), (5, REJECT), (6, NONE)):
            put(session, seq, decision, challenge=True)
        put(session, 4, NONE, **MISSED)  # was never announced: nobody knows what it was
        put(session, 2, REJECT, part=part(2, station="lids"))
        [challenge] = queries.last_challenges(session).values()
    assert (challenge.station, challenge.began_utc_ns) == ("tiles", at(2).utc_ns)
    assert (challenge.passed, challenge.rejected, challenge.no_verdict) == (1, 2, 1)


def test_a_challenge_goes_on_where_the_plc_began_to_count_anew(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        sequencer(session, 1, 2)
        put(session, 1)
        put(session, 2, REJECT, challenge=True)
        put(session, 1, REJECT, challenge=True, part=part(1, epoch=2))
        assert queries.last_challenges(session)["tiles"].rejected == 2


def test_the_ledger_has_challenge_parts_and_no_rate_has(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        sequencer(session, 1, 5)
        put(session, 1)
        put(session, 2, REJECT)
        for seq, decision in ((3, PASS), (4, REJECT), (5, NONE)):
            put(session, seq, decision, challenge=True)
        [row] = queries.ledger(session)
        [tile] = queries.line_tiles(session, BEGIN_NS + 10 * SECOND_NS)
        rates = queries.disposition_counts(session, "tiles", 3600, 0, LATER)
        [found] = queries.pareto(session, "tiles")
        causes = queries.no_verdict_causes(session, "tiles", 3600, 0, LATER)
        durations = queries.capture_to_plc_counts(session, "tiles", 0, LATER)
        stories = queries.last_rejects(session)
    assert (row.triggered, row.passed, row.rejected, row.closed) == (5, 2, 2, True)
    assert (tile.parts_last_hour, tile.rejected_last_hour, tile.no_verdict_last_hour) == (2, 1, 0)
    assert tile.capture_to_plc_ms.count == 2
    assert sum(each.inspected for each in rates) == 2
    assert sum(each.rejected for each in rates) == 1
    assert (found.parts, causes) == (1, [])
    assert sum(each.parts for each in durations) == 2
    assert [story.disposition and story.disposition.challenge for story in stories] == [True, False]


def test_a_part_cannot_become_a_challenge_part_afterwards(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        put(session, 1, REJECT)
        with pytest.raises(Contradiction, match="challenge"):
            record_disposition(session, disposition(1, REJECT, challenge=True, revision=2), 0)
