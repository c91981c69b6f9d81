"""Closed if and only if every sequence of the sequencer's range has its one disposition."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Cause, Decision
from contracts.messages import Disposition, SequenceRange
from contracts.process_state import ProcessState, Role
from storage.models import DispositionRow, SequenceRow
from storage.part_rows import record_disposition
from storage.process_states import record_state
from storage.queries import ledger
from tests.unit.storage.part_messages import BEGIN_NS, SECOND_NS, disposition, part

CAUSES = st.sampled_from([Cause.EXPIRED, Cause.OVERLOAD, Cause.BRIDGE_RESTART])
WHAT = st.one_of(st.just(Decision.PASS), st.just(Decision.REJECT), CAUSES)


def made(seq: int, what: Decision | Cause, epoch: int = 1) -> Disposition:
    changes = {"part": part(seq, epoch=epoch)}
    if isinstance(what, Cause):
        return disposition(seq, Decision.NO_VERDICT, cause=what, **changes)
    return disposition(seq, what, **changes)


def sequencer(session: Session, first: int, last: int, epoch: int = 1, at_utc_ns: int = 1) -> None:
    reached = SequenceRange(epoch=epoch, first_seq=first, last_seq=last)
    state = ProcessState(
        process="bridge",
        role=Role.BRIDGE,
        online=True,
        ready=True,
        sequences={"tiles": (reached,)},
        at_utc_ns=at_utc_ns,
    )
    record_state(session, state, 0)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.dictionaries(st.integers(0, 12), WHAT),
    repeats=st.lists(st.integers(0, 12)),
    first=st.integers(0, 6),
    length=st.integers(1, 8),
)
def test_closed_if_and_only_if_complete(
    sessions: sessionmaker[Session],
    parts: dict[int, Decision | Cause],
    repeats: list[int],
    first: int,
    length: int,
) -> None:
    last = first + length - 1
    with sessions.begin() as session:
        session.execute(delete(DispositionRow))
        session.execute(delete(SequenceRow))
        for seq in [*parts, *(r for r in repeats if r in parts)]:
            record_disposition(session, made(seq, parts[seq]), 0)
        sequencer(session, first, last)
        [row] = ledger(session)
    lowest, highest = min([first, *parts]), max([last, *parts])
    expected = set(range(lowest, highest + 1))
    assert row.closed == (expected == set(parts))
    assert row.triggered == row.passed + row.rejected + sum(row.no_verdict.values()) + row.missing
    assert (row.first_seq, row.last_seq, row.triggered) == (lowest, highest, len(expected))
    counts = Counter(parts.values())
    assert (row.passed, row.rejected) == (counts[Decision.PASS], counts[Decision.REJECT])
    assert row.no_verdict == {c: n for c, n in counts.items() if isinstance(c, Cause)}


def test_rows_that_arrived_prove_nothing_without_the_sequencer(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        record_disposition(session, made(0, Decision.PASS), 0)
        [row] = ledger(session)
    assert (row.missing, row.known_at_utc_ns, row.closed) == (0, None, False)


def test_parts_of_which_only_the_sequencer_knows_are_missing(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        sequencer(session, 3, 5)
        [row] = ledger(session)
    assert (row.triggered, row.missing, row.closed) == (3, 3, False)


def test_an_epoch_after_a_jump_is_complete_and_never_closed(
    sessions: sessionmaker[Session],
) -> None:
    reached = SequenceRange(epoch=1, first_seq=0, last_seq=0, after_jump=True)
    state = ProcessState(
        process="bridge",
        role=Role.BRIDGE,
        online=True,
        ready=True,
        sequences={"tiles": (reached,)},
        at_utc_ns=1,
    )
    with sessions.begin() as session:
        record_disposition(session, made(0, Decision.PASS), 0)
        record_state(session, state, 0)
        [row] = ledger(session)
    assert (row.missing, row.after_jump, row.closed) == (0, True, False)


def test_a_sequence_never_narrows(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        sequencer(session, 0, 9, at_utc_ns=20)
        sequencer(session, 2, 5, at_utc_ns=10)
        [row] = ledger(session)
    assert (row.first_seq, row.last_seq, row.known_at_utc_ns) == (0, 9, 20)


def test_epochs_are_apart_and_newest_first_and_old_ones_can_be_left_out(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        record_disposition(session, made(0, Decision.PASS, epoch=1), 0)
        record_disposition(session, made(100, Decision.REJECT, epoch=2), 0)
        sequencer(session, 0, 0, epoch=1)
        sequencer(session, 100, 100, epoch=2)
        assert [(row.epoch, row.closed) for row in ledger(session)] == [(2, True), (1, True)]
        recent = ledger(session, since_utc_ns=BEGIN_NS + 50 * SECOND_NS)
        assert [row.epoch for row in recent] == [2]
        assert ledger(session, station="lids") == []
