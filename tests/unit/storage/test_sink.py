"""Acknowledged after the commit, never before; told to the outboxes, or told again."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Decision
from contracts.errors import Unavailable
from contracts.messages import Disposition, SequenceRange, StoredItem, Verdict
from contracts.process_state import ProcessState, Role
from runtime.process.clock import ManualClock
from storage.config_keeper import ConfigKeeper
from storage.database import open_sessions
from storage.models import DeadLetterRow, DispositionRow, VerdictRow
from storage.recorder import Recorder
from storage.sink import Sink
from tests.unit.storage.part_messages import disposition, part, verdict
from tests.unit.storage.wire import TOPICS, Message, Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def sink(wire: Wire, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Sink:
    monkeypatch.setattr("storage.database.SQLITE_BUSY_TIMEOUT_S", 0.05)
    sessions, clock = open_sessions(database_url, writes=True), ManualClock()
    return Sink(
        wire,
        TOPICS,
        Recorder(sessions, TOPICS, clock, dead_letters_kept=10),
        ConfigKeeper(wire, TOPICS, ["tiles"], sessions, clock),
        prepare=lambda: None,
        gather=lambda: wire.meanwhile(),
        largest_batch=3,
    )


def bring(wire: Wire, message: Verdict | Disposition) -> Message:
    kind = "verdict" if hasattr(message, "deadline_ms") else "disposition"
    return wire.bring(TOPICS.of("tiles", kind), message.model_dump_json().encode())


def item(seq: int, kind: str = "verdict", revision: int = 0) -> StoredItem:
    return StoredItem(kind=kind, part=part(seq), revision=revision)


def test_a_batch_is_bounded_acknowledged_and_confirmed(sink: Sink, wire: Wire) -> None:
    came = [bring(wire, verdict(seq)) for seq in range(4)]
    sink.step()
    assert [message.acknowledged for message in came] == [1, 1, 1, 0]
    assert wire.confirmed() == [item(seq) for seq in range(3)]
    sink.step()
    assert wire.confirmed()[3:] == [item(3)]


def test_what_comes_a_moment_later_is_of_the_same_batch(sink: Sink, wire: Wire) -> None:
    first = bring(wire, verdict(1))
    wire.meanwhile = lambda: bring(wire, verdict(2))
    sink.step()
    assert first.acknowledged == 1
    assert wire.confirmed() == [item(1), item(2)]
    assert len(wire.sent) == 1


def test_nothing_is_acknowledged_while_the_database_cannot_be_written(
    sink: Sink, wire: Wire, database_url: str, sessions: sessionmaker[Session]
) -> None:
    holder = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    came = bring(wire, verdict(1))
    for _ in range(2):
        with pytest.raises(Unavailable):
            sink.step()
    assert (came.acknowledged, wire.sent) == (0, [])
    holder.execute("ROLLBACK")
    sink.step()
    assert (came.acknowledged, wire.confirmed()) == (1, [item(1)])


def test_what_could_not_be_confirmed_is_confirmed_when_it_comes_again(
    sink: Sink, wire: Wire, sessions: sessionmaker[Session]
) -> None:
    wire.down = True
    first = bring(wire, disposition(1))
    sink.step()
    assert first.acknowledged == 1
    wire.down = False
    bring(wire, disposition(1))
    sink.step()
    assert wire.confirmed() == [item(1, "disposition", 1)]
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(DispositionRow)) == 1


def test_a_sequencer_hears_how_much_of_each_epoch_is_stored(sink: Sink, wire: Wire) -> None:
    ranges = tuple(SequenceRange(epoch=e, first_seq=1, last_seq=9 * e) for e in (1, 2))
    state = ProcessState(
        process="bridge",
        role=Role.BRIDGE,
        online=True,
        ready=True,
        sequences={"tiles": ranges},
        at_utc_ns=1,
    )
    for _ in range(2):  # told again: nothing new, and confirmed again
        wire.bring(TOPICS.state("bridge"), state.model_dump_json().encode())
        sink.step()
    reached = [(i.kind, i.part.station, i.part.epoch, i.part.trigger_seq) for i in wire.confirmed()]
    assert reached == [("sequence", "tiles", 1, 9), ("sequence", "tiles", 2, 18)] * 2


def test_a_malformed_message_neither_stops_nor_takes_its_batch_along(
    sink: Sink, wire: Wire, sessions: sessionmaker[Session]
) -> None:
    came = [
        bring(wire, verdict(1, part_id=1)),
        bring(wire, disposition(2, encoder=2**70)),
        bring(wire, verdict(3)),
    ]
    sink.step()
    assert [message.acknowledged for message in came] == [1, 1, 1]
    assert wire.confirmed() == [item(1), item(3)]
    with sessions() as session:
        assert list(session.scalars(select(VerdictRow.trigger_seq))) == [1, 3]
        assert session.scalar(select(func.count()).select_from(DispositionRow)) == 0


def test_a_verdict_whose_findings_are_refused_leaves_nothing(
    sink: Sink, wire: Wire, sessions: sessionmaker[Session]
) -> None:
    raw = verdict(1, Decision.REJECT).model_dump_json()
    came = wire.bring(
        TOPICS.verdict("tiles"), raw.replace('"margin_mean":1.0', '"margin_mean":NaN').encode()
    )
    sink.step()
    assert (came.acknowledged, wire.confirmed()) == (1, [])
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(VerdictRow)) == 0
        assert "margin_mean" in session.scalars(select(DeadLetterRow.reason)).one()
