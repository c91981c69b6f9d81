"""A station's worker between two real Redis: triggers in, frames or verdicts out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contracts import names
from contracts.camera import CameraConfig
from contracts.causes import Cause
from contracts.messages import FrameHeader, Trigger, Verdict
from contracts.release import Release
from ingest import triggered_parts
from ingest.frame_stream import FrameStream
from ingest.output import PartOutput
from ingest.station_camera import CameraOpener, StationCamera
from ingest.triggered_parts import TriggeredParts
from runtime.messaging.dead_letters import dead_letter
from runtime.messaging.outbox import VerdictOutbox
from runtime.messaging.redis_link import connect
from runtime.messaging.streams import StreamGroup, append
from runtime.process.clock import SystemClock
from runtime.process.loop import Stop, run_loop
from simulation.truth import truth_of
from tests.contract.ingest.parts import SMALL, STATION, release, trigger
from tests.servers import RedisServer
from tests.waiting import PATIENCE_S

TRIGGERS, FRAMES = names.triggers(STATION), names.frames(STATION)
GREATEST_AGE_MS, GREATEST_BACKLOG = 500, 64


class Line:
    """A worker that runs in a thread, and the test's own look at both servers."""

    def __init__(self, frames: RedisServer, journal: RedisServer) -> None:
        self.frames = frames.client()
        self.journal = journal.client()
        self.release: Release | None = release()
        client, clock = connect(frames.url), SystemClock()
        journal_client = connect(journal.url)
        self.worker = TriggeredParts(
            STATION,
            triggers=StreamGroup(client, [TRIGGERS], names.INGEST_GROUP, "ingest"),
            output=PartOutput(
                STATION,
                FrameStream(client, STATION, 256),
                VerdictOutbox(journal_client),
                clock,
                greatest_backlog=GREATEST_BACKLOG,
            ),
            dead_letter=partial(dead_letter, journal_client),
            releases=self,
            camera=StationCamera(CameraOpener(None, 0.3, clock), clock),
            clock=clock,
            greatest_age_ms=GREATEST_AGE_MS,
        )

    def active(self, station: str) -> Release | None:
        return self.release

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = Stop()
        thread = threading.Thread(target=run_loop, args=(self.worker.step, stop, "station"))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def send(self, sent: Trigger) -> None:
        append(self.frames, TRIGGERS, {"trigger": sent.model_dump_json().encode()})

    def answered(self) -> int:
        """Return how many parts have a frame or a verdict."""
        return int(self.frames.xlen(FRAMES) + self.journal.xlen(names.VERDICTS))

    def headers(self) -> list[FrameHeader]:
        entries = self.frames.xrange(FRAMES)
        return [FrameHeader.model_validate_json(fields[b"header"]) for _, fields in entries]

    def verdicts(self) -> dict[int, Verdict]:
        entries = self.journal.xrange(names.VERDICTS)
        found = [Verdict.model_validate_json(fields[b"verdict"]) for _, fields in entries]
        assert len({verdict.part for verdict in found}) == len(found)
        return {verdict.part.trigger_seq: verdict for verdict in found}


@pytest.fixture
def line(frames_server: RedisServer, journal_server: RedisServer) -> Line:
    return Line(frames_server, journal_server)


def wait_until(true: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    give_up_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < give_up_s, "it did not happen"
        time.sleep(0.01)


def test_triggers_become_frames_and_leave_nothing_behind(line: Line) -> None:
    with line.running():
        for seq in range(5):
            line.send(trigger(seq))
            wait_until(partial(lambda count: line.frames.xlen(FRAMES) == count, seq + 1))
    assert [header.part.trigger_seq for header in line.headers()] == [0, 1, 2, 3, 4]
    assert {truth_of(header.source) is None for header in line.headers()} == {False}
    entries: Any = line.frames.xrange(FRAMES)
    assert entries[0][1][b"image"].startswith(b"\x89PNG")
    assert line.frames.xlen(TRIGGERS) == 0
    assert line.frames.xpending(TRIGGERS, names.INGEST_GROUP)["pending"] == 0
    assert line.verdicts() == {}


def test_a_backlog_of_stale_triggers_is_answered_and_not_photographed(line: Line) -> None:
    old = SystemClock().now()
    time.sleep((GREATEST_AGE_MS + 50) / 1000)
    for seq in range(3):
        line.send(trigger(seq, at=old))
    line.send(trigger(3))
    with line.running():
        wait_until(lambda: len(line.verdicts()) == 3 and line.frames.xlen(FRAMES) == 1)
    assert {verdict.cause for verdict in line.verdicts().values()} == {Cause.MISSED_CAPTURE}
    assert [header.part.trigger_seq for header in line.headers()] == [3]


def test_of_a_fresh_backlog_the_newest_is_photographed_and_the_others_answered(line: Line) -> None:
    for seq in range(5):
        line.send(trigger(seq))
    line.send(trigger(4))  # said twice, as after a lost answer of Redis
    with line.running():
        wait_until(lambda: len(line.verdicts()) == 4 and line.frames.xlen(FRAMES) == 1)
        wait_until(lambda: line.frames.xlen(TRIGGERS) == 0)
    assert set(line.verdicts()) == {0, 1, 2, 3}
    assert {verdict.cause for verdict in line.verdicts().values()} == {Cause.MISSED_CAPTURE}
    assert [header.part.trigger_seq for header in line.headers()] == [4]


def test_a_bad_camera_is_answered_and_the_line_goes_on_with_a_good_one(
    line: Line, tmp_path: Path
) -> None:
    line.release = release(CameraConfig(kind="replay", folder=str(tmp_path / "nowhere")))
    with line.running():
        line.send(trigger(0))
        wait_until(lambda: 0 in line.verdicts())
        line.release = release(SMALL)
        line.send(trigger(1))
        wait_until(lambda: line.frames.xlen(FRAMES) == 1)
    assert line.verdicts()[0].cause == Cause.MISSED_CAPTURE
    assert "nowhere" in line.verdicts()[0].detail


def test_a_backlog_of_frames_is_an_overload(
    frames_server: RedisServer, journal_server: RedisServer
) -> None:
    line = Line(frames_server, journal_server)
    with line.running():
        for seq in range(GREATEST_BACKLOG + 5):
            line.send(trigger(seq, at=SystemClock().now()))
            wait_until(partial(lambda count: line.answered() > count, seq))
        wait_until(lambda: len(line.verdicts()) == 5)
    assert {verdict.cause for verdict in line.verdicts().values()} == {Cause.OVERLOAD}
    assert line.frames.xlen(FRAMES) == GREATEST_BACKLOG


def test_a_foreign_trigger_is_kept_with_its_reason(line: Line) -> None:
    with line.running():
        append(line.frames, TRIGGERS, {"trigger": b'{"hello": 1}'})
        line.send(trigger(1))
        wait_until(lambda: line.frames.xlen(FRAMES) == 1)
    [(_, letter)] = line.journal.xrange(names.dead_letters(TRIGGERS))
    assert letter[b"trigger"] == b'{"hello": 1}'
    assert letter[b"reason"]


def test_a_trigger_that_was_read_by_a_dead_process_is_answered(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.send(trigger(0))
    dead = StreamGroup(line.frames, [TRIGGERS], names.INGEST_GROUP, "ingest")
    assert len(dead.read(1, 0)) == 1
    monkeypatch.setattr(triggered_parts, "ORPHANED_AFTER_MS", 100)
    with line.running():
        wait_until(lambda: 0 in line.verdicts())
    assert line.verdicts()[0].cause == Cause.MISSED_CAPTURE
    assert line.frames.xlen(FRAMES) == line.frames.xlen(TRIGGERS) == 0


def test_kill_9_of_the_frames_redis_costs_parts_and_not_the_line(
    line: Line, frames_server: RedisServer
) -> None:
    with line.running():
        line.send(trigger(0))
        wait_until(lambda: line.frames.xlen(FRAMES) == 1)
        frames_server.kill9()
        time.sleep(0.5)
        frames_server.start()
        line.send(trigger(1))
        wait_until(lambda: line.frames.xlen(FRAMES) == 1)
    assert [header.part.trigger_seq for header in line.headers()] == [1]


def test_kill_9_of_the_journal_redis_loses_no_answer(
    line: Line, journal_server: RedisServer
) -> None:
    line.release = None
    with line.running():
        line.send(trigger(0))
        wait_until(lambda: 0 in line.verdicts())
        journal_server.kill9()
        line.send(trigger(1))
        wait_until(lambda: line.frames.xlen(TRIGGERS) == 0)
        time.sleep(0.3)
        journal_server.start()
        wait_until(lambda: len(line.verdicts()) == 2)
    assert {verdict.cause for verdict in line.verdicts().values()} == {Cause.NO_RELEASE}
