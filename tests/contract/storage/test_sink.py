"""The sink as a process, against a real broker: nothing is lost, nothing is there twice."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Decision
from contracts.messages import Disposition, SequenceRange, StoredItem, Verdict
from contracts.names import Topics
from contracts.process_state import ProcessState, Role
from runtime.messaging.broker import Broker
from storage.models import DeadLetterRow, DispositionRow, PhaseRow, VerdictRow
from storage.queries import ledger, releases
from tests.contract.storage.conftest import Outbox, Process, eventually
from tests.servers import mosquitto_server
from tests.unit.storage.part_messages import disposition, part, release, verdict
from tests.waiting import PATIENCE_S


def send(outbox: Outbox, message: Verdict | Disposition) -> None:
    kind = "verdict" if hasattr(message, "deadline_ms") else "disposition"
    topic = outbox.topics.of(message.part.station, kind)
    outbox.link.publish(topic, message.model_dump_json().encode())


def say_state(outbox: Outbox, **fields: Any) -> None:
    state = ProcessState(
        process="bridge", role=Role.BRIDGE, ready=True, at_utc_ns=7, **{"online": True} | fields
    )
    outbox.link.publish(outbox.topics.state("bridge"), state.model_dump_json().encode())


def stored_verdict(seq: int) -> StoredItem:
    return StoredItem(kind="verdict", part=part(seq))


def stored_disposition(seq: int, revision: int = 1) -> StoredItem:
    return StoredItem(kind="disposition", part=part(seq), revision=revision)


def test_stores_confirms_and_closes_the_ledger(
    sink: Process, outbox: Outbox, sessions: sessionmaker[Session]
) -> None:
    sink.start()
    outbox.wait_for_the_sink()
    for seq in range(5):
        send(outbox, verdict(seq, Decision.REJECT if seq == 2 else Decision.PASS))
        send(outbox, disposition(seq, Decision.REJECT if seq == 2 else Decision.PASS))
    say_state(outbox, sequences={"tiles": (SequenceRange(epoch=1, first_seq=0, last_seq=4),)})
    eventually(lambda: outbox.heard(*map(stored_verdict, range(5))))
    eventually(lambda: outbox.heard(*map(stored_disposition, range(5))))
    eventually(lambda: outbox.heard(StoredItem(kind="sequence", part=part(4))))

    def closed() -> bool:
        with sessions() as session:
            return [row.closed for row in ledger(session)] == [True]

    eventually(closed)
    with sessions() as session:
        [row] = ledger(session)
        assert (row.triggered, row.passed, row.rejected, row.missing) == (5, 4, 1, 0)
    assert sink.stop() == 0


def test_a_duplicate_counts_as_stored(
    sink: Process, outbox: Outbox, sessions: sessionmaker[Session]
) -> None:
    sink.start()
    outbox.wait_for_the_sink()
    send(outbox, verdict(1))
    eventually(lambda: outbox.heard(stored_verdict(1)))
    outbox.stored.clear()
    send(outbox, verdict(1, Decision.REJECT, verdict_id="another"))
    eventually(lambda: outbox.heard(stored_verdict(1)))
    with sessions() as session:
        [row] = session.scalars(select(VerdictRow))
        assert (row.decision, row.verdict_id) == (Decision.PASS, "v-tiles/1/1")


def test_a_later_revision_is_confirmed_by_its_number(
    sink: Process, outbox: Outbox, sessions: sessionmaker[Session]
) -> None:
    sink.start()
    outbox.wait_for_the_sink()
    send(outbox, disposition(1))
    send(outbox, disposition(1, revision=2, late_verdict_id="late"))
    eventually(lambda: outbox.heard(stored_disposition(1), stored_disposition(1, 2)))
    with sessions() as session:
        [row] = session.scalars(select(DispositionRow))
        assert (row.revision, row.late_verdict_id) == (2, "late")


def test_kill_9_in_the_stream_loses_and_doubles_nothing(
    sink: Process, outbox: Outbox, sessions: sessionmaker[Session]
) -> None:
    """What was not confirmed is sent again, as an outbox would; the broker keeps the session."""
    sink.start()
    outbox.wait_for_the_sink()
    open_parts = {stored_disposition(seq): seq for seq in range(1200)}
    for round_of_sending in range(6):
        for number, seq in enumerate(open_parts.values()):
            send_when_there_is_room(outbox, seq)
            if round_of_sending < 2 and number == 300:
                wait_until_heard(outbox, next(iter(open_parts)))
                sink.kill9()
                sink.start()
        pause_until_nothing_more_is_confirmed(outbox)
        open_parts = {item: s for item, s in open_parts.items() if not outbox.heard(item)}
        if not open_parts:
            break
    assert not open_parts
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(DispositionRow)) == 1200


def wait_until_heard(outbox: Outbox, item: StoredItem) -> None:
    eventually(lambda: outbox.heard(item))


def send_when_there_is_room(outbox: Outbox, seq: int) -> None:
    topic = outbox.topics.disposition("tiles")
    publication = outbox.link.publish(topic, disposition(seq).model_dump_json().encode())
    if seq % 100 == 99:
        assert publication.wait(PATIENCE_S)


def pause_until_nothing_more_is_confirmed(outbox: Outbox) -> None:
    before = -1
    while before != len(outbox.stored):
        before = len(outbox.stored)
        time.sleep(1.5)
        outbox.listen()


def test_malformed_messages_go_to_the_dead_letters_and_the_line_goes_on(
    sink: Process, outbox: Outbox, sessions: sessionmaker[Session]
) -> None:
    sink.start()
    outbox.wait_for_the_sink()
    tiles = outbox.topics.verdict("tiles")
    for payload in (b"", b"not json", b"\xff\x00", b"{}", b"not json"):
        outbox.link.publish(tiles, payload)
    stray = verdict(3, part=part(3, station="lids"))
    outbox.link.publish(tiles, stray.model_dump_json().encode())
    too_large = disposition(4, encoder=2**70)
    send(outbox, too_large)
    send(outbox, verdict(5))
    eventually(lambda: outbox.heard(stored_verdict(5)))
    with sessions() as session:
        letters = {
            (row.payload, row.count): row.reason
            for row in session.scalars(select(DeadLetterRow))
            if row.payload != b"probe"
        }
        assert session.scalar(select(func.count()).select_from(VerdictRow)) == 1
    assert {(b"", 1), (b"not json", 2), (b"\xff\x00", 1), (b"{}", 1)} < set(letters)
    assert "it is about lids" in letters[stray.model_dump_json().encode(), 1]
    assert "the database cannot store it" in letters[too_large.model_dump_json().encode(), 1]


def test_a_contradiction_is_buried_and_never_confirmed(
    sink: Process, outbox: Outbox, sessions: sessionmaker[Session]
) -> None:
    sink.start()
    outbox.wait_for_the_sink()
    send(outbox, disposition(1, Decision.REJECT))
    eventually(lambda: outbox.heard(stored_disposition(1)))
    outbox.stored.clear()
    send(outbox, disposition(1, Decision.PASS, revision=2))
    send(outbox, disposition(2))
    eventually(lambda: outbox.heard(stored_disposition(2)))
    assert not outbox.heard(stored_disposition(1, 2))
    with sessions() as session:
        rows = {row.trigger_seq: row.decision for row in session.scalars(select(DispositionRow))}
    assert rows == {1: Decision.REJECT, 2: Decision.PASS}


def test_a_locked_database_is_waited_for(
    sink: Process, outbox: Outbox, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    sink.start()
    outbox.wait_for_the_sink()
    send(outbox, verdict(1))
    eventually(lambda: outbox.heard(stored_verdict(1)))
    holder = sqlite3.connect(tmp_path / "referee.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    send(outbox, verdict(2))
    eventually(lambda: "retrying" in sink.log)
    assert not outbox.heard(stored_verdict(2))
    holder.execute("ROLLBACK")
    holder.close()
    eventually(lambda: outbox.heard(stored_verdict(2)))


def test_a_bridge_that_is_gone_is_offline(
    sink: Process, outbox: Outbox, sessions: sessionmaker[Session]
) -> None:
    sink.start()
    outbox.wait_for_the_sink()
    say_state(outbox, phases={"tiles": "running"})
    say_state(outbox, phases={"tiles": "running"})
    say_state(outbox, online=False)

    def phases() -> list[str]:
        with sessions() as session:
            return list(session.scalars(select(PhaseRow.phase).order_by(PhaseRow.id)))

    eventually(lambda: phases() == ["running", "offline"])


def test_a_broker_that_lost_its_config_gets_the_newest_release_back(
    environment: dict[str, str], tmp_path: Path, topics: Topics, sessions: sessionmaker[Session]
) -> None:
    with mosquitto_server() as server:
        environment |= {"REFEREE_MQTT_PORT": str(server.port)}
        sink = Process("storage", environment, tmp_path / "storage.log")
        outbox = Outbox(Broker(server.host, server.port), topics)
        outbox.link.start()
        sink.start()
        try:
            assert outbox.link.wait_connected(PATIENCE_S)
            outbox.wait_for_the_sink()
            old, new = release(words="a dent"), release(words="a scratch")
            for one in (old, new):
                outbox.link.publish(
                    topics.config("tiles"), one.model_dump_json().encode(), retain=True
                )

            def recorded() -> bool:
                with sessions() as session:
                    return [r.release_id for r in releases(session)] == [
                        new.release_id,
                        old.release_id,
                    ]

            eventually(recorded)
            server.kill9()
            server.start()
            outbox.link.inbox.queue.clear()
            outbox.configs.clear()

            def given_back() -> bool:
                outbox.listen()
                return outbox.configs.get(topics.config("tiles")) == new.model_dump_json().encode()

            eventually(given_back)
            assert recorded()
        finally:
            sink.kill9()
            outbox.link.stop()
