"""The broker may forget a message once the journal has what it caused, and not before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from contracts.causes import Decision
from contracts.messages import Disposition, Trigger, Verdict
from contracts.names import Topics
from plc.inbox import Inbox
from plc.journal.journal import Journal
from runtime.messaging.mqtt_messages import Incoming
from runtime.process.loop import Stop
from tests.unit.plc.rig import release
from tests.unit.plc.test_bridge import Wired
from tests.waiting import until

TOPICS = Topics("plant", "line")


class Wire:
    """A link, and an event loop that does at once what it is asked to."""

    def __init__(self) -> None:
        self.inbox: Queue[Incoming] = Queue()
        self.acknowledged: list[str] = []
        self.done: list[Exception | None] = []

    def call_soon_threadsafe(self, call: Callable[..., None], *given: object) -> None:
        try:
            call(*given)
        except ZeroDivisionError as error:
            self.done.append(error)
        else:
            self.done.append(None)

    def bring(self, topic: str, payload: bytes) -> None:
        """A message comes, and has gone through the bridge at the end."""
        before = len(self.done)
        ack = lambda: self.acknowledged.append(topic)  # noqa: E731
        self.inbox.put(Incoming(topic, payload, retained=False, ack=ack))
        until(lambda: len(self.done) > before)


class Asked(Wired):
    """Keeps what the cameras were asked for."""

    def ask(self, trigger: Trigger) -> None:
        self.trigger = trigger


@pytest.fixture
def wired(tmp_path: Path) -> Asked:
    bridge = Asked(tmp_path / "bridge.sqlite", "top")
    bridge.bridge.on_release("top", release())
    bridge.write(1, plc_boot_id=7, trigger_seq=0)
    bridge.write(1, plc_boot_id=7, trigger_seq=1)
    bridge.commit()
    return bridge


@pytest.fixture
def wire(wired: Asked):
    made: Any = Wire()
    stop = Stop()
    thread = threading.Thread(target=Inbox(made, TOPICS, wired.bridge, made).run, args=(stop,))
    thread.start()
    yield made
    stop.set()
    thread.join()


def a_pass(wired: Asked) -> bytes:
    trigger = wired.trigger
    return (
        Verdict(
            verdict_id="v",
            part=trigger.part,
            part_id=trigger.part_id,
            decision=Decision.PASS,
            release_id=release().release_id,
            started_at=trigger.started_at,
            decided_at=trigger.started_at,
            deadline_ms=trigger.deadline_ms,
        )
        .model_dump_json()
        .encode()
    )


def named_after_a_restart(path: Path) -> list[tuple[str | None, str | None]]:
    """Verdict and late verdict of each part."""
    journal = Journal(path)
    journal.close_leftovers()
    rows = journal.database.execute("SELECT body FROM dispositions").fetchall()
    journal.close()
    found = [Disposition.model_validate_json(body) for (body,) in rows]
    return [(each.verdict_id, each.late_verdict_id) for each in found]


def test_a_verdict_is_acknowledged_when_the_journal_has_it_and_outlives_a_restart(wired, wire):
    wire.bring(TOPICS.verdict("top"), a_pass(wired))
    assert wire.acknowledged == []
    wired.commit()
    assert wire.acknowledged == [TOPICS.verdict("top")]
    wired.journal.close()
    assert named_after_a_restart(wired.journal.path) == [("v", None)]


def test_a_verdict_too_late_for_a_part_that_is_open_is_in_the_journal_when_it_is_acknowledged(
    wired, wire
):
    wired.clock.advance_ms(400)
    wired.bridge.tick()  # its time is up, and nothing is shown before the journal has that
    wire.bring(TOPICS.verdict("top"), a_pass(wired))
    assert wire.acknowledged == []
    group, wired.queue = wired.queue, []
    wired.journal.apply(group)
    wired.journal.close()
    assert named_after_a_restart(wired.journal.path) == [(None, "v")]


def test_a_verdict_on_another_stations_topic_changes_nothing(wired, wire):
    wire.bring(TOPICS.verdict("side"), a_pass(wired))
    wired.commit()
    assert wire.acknowledged == [TOPICS.verdict("side")]
    wired.journal.close()
    assert named_after_a_restart(wired.journal.path) == [(None, None)]


def test_messages_are_acknowledged_in_their_order_also_those_that_are_not_ours(wired, wire):
    wire.bring(TOPICS.verdict("top"), a_pass(wired))
    wire.bring(TOPICS.state("inference"), b"{")
    assert wire.acknowledged == []
    wired.commit()
    assert wire.acknowledged == [TOPICS.verdict("top"), TOPICS.state("inference")]


def test_a_message_that_ends_the_bridge_does_not_come_again(wired, wire, monkeypatch):
    monkeypatch.setattr(wired.bridge, "on_verdict", lambda *given: 1 / 0)
    wire.bring(TOPICS.verdict("top"), a_pass(wired))
    assert isinstance(wire.done[-1], ZeroDivisionError)
    assert wire.acknowledged == [TOPICS.verdict("top")]
