"""The first verdict and the first decision stand; later revisions only add."""

from __future__ import annotations

from itertools import permutations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Decision, Gate
from contracts.messages import Disposition
from storage.models import DispositionRow, FindingRow, VerdictRow
from storage.part_rows import Contradiction, record_disposition, record_verdict
from tests.unit.storage.part_messages import at, disposition, finding, score, verdict

REVISIONS = [
    disposition(1, revision=1),
    disposition(1, revision=2, acknowledged_at=at(1.08)),
    disposition(
        1, revision=3, acknowledged_at=at(1.08), gate=Gate.NOT_ASKED, late_verdict_id="late"
    ),
]


def test_the_first_verdict_stands_with_its_findings_once(sessions: sessionmaker[Session]) -> None:
    first = verdict(1, Decision.REJECT, findings=(finding(), finding("dent")))
    with sessions.begin() as session:
        assert record_verdict(session, first, 5)
        assert not record_verdict(session, first, 6)
        assert not record_verdict(session, verdict(1, verdict_id="other"), 7)
    with sessions() as session:
        [row] = session.scalars(select(VerdictRow))
        assert (row.verdict_id, row.decision, row.stored_at_utc_ns) == (
            first.verdict_id,
            Decision.REJECT,
            5,
        )
        assert [f.prompt for f in row.findings] == ["scratch", "dent"]
        assert session.scalar(select(func.count()).select_from(FindingRow)) == 2


def test_a_near_miss_can_be_found_by_its_peak(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        record_verdict(session, verdict(1, scores=(score(-3.0), score(-0.25, "dent"))), 0)
        record_verdict(session, verdict(2, Decision.NO_VERDICT, scores=()), 0)
        assert list(session.scalars(select(VerdictRow.peak_presence_logit))) == [-0.25, None]


@pytest.mark.parametrize("order", list(permutations(REVISIONS)))
def test_revisions_may_come_in_any_order_and_twice(
    sessions: sessionmaker[Session], order: tuple[Disposition, ...]
) -> None:
    with sessions.begin() as session:
        for one in (*order, *order):
            record_disposition(session, one, 0)
        [row] = session.scalars(select(DispositionRow))
    assert (row.revision, row.gate, row.late_verdict_id) == (3, Gate.NOT_ASKED, "late")
    assert row.acknowledged_at_utc_ns == at(1.08).utc_ns
    assert row.presented_at_utc_ns == at(1.06).utc_ns


@pytest.mark.parametrize(
    "other",
    [
        disposition(1, Decision.REJECT, revision=2),
        disposition(1, Decision.NO_VERDICT, revision=2),
        disposition(1, revision=2, part_id=7),
        disposition(1, started_at=at(99)),
    ],
)
def test_a_decision_never_changes(sessions: sessionmaker[Session], other: Disposition) -> None:
    with sessions.begin() as session:
        record_disposition(session, disposition(1), 0)
        with pytest.raises(Contradiction, match="tiles/1/1"):
            record_disposition(session, other, 0)
        [row] = session.scalars(select(DispositionRow))
        assert (row.decision, row.revision) == (Decision.PASS, 1)
