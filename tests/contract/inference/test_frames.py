"""Workers that share frames on a real Redis: one that lives keeps what it holds."""

from __future__ import annotations

import threading
import time
from functools import partial

import redis

from contracts import names
from contracts.identity import PartKey
from inference.frames import Frame, FrameStreams
from runtime.messaging.dead_letters import dead_letter
from runtime.messaging.streams import StreamGroup, append
from runtime.process.clock import SystemClock
from runtime.process.loop import Stop, run_loop
from tests.contract.ingest.parts import STATION, header
from tests.waiting import PATIENCE_S

IDLE_MS = 200


def worker(client: redis.Redis, journal: redis.Redis, name: str, stop: Stop) -> FrameStreams:
    group = StreamGroup(client, [names.frames(STATION)], names.INFERENCE_GROUP, name)
    return FrameStreams(group, partial(dead_letter, journal), SystemClock(), IDLE_MS, stop.wait)


def never(frame: Frame) -> bool:
    return False


def put(client: redis.Redis, seq: int, station: str = STATION) -> None:
    part = PartKey(station=station, epoch=3, trigger_seq=seq)
    taken = header(seq).model_copy(update={"part": part})
    append(
        client,
        names.frames(station),
        {"header": taken.model_dump_json().encode(), "image": b"x"},
    )


def pulled_within(frames: FrameStreams, seconds: float) -> list[int]:
    give_up_s, frame = time.monotonic() + seconds, None
    while frame is None and time.monotonic() < give_up_s:
        frame = frames.take(never)
    return [frame.header.part.trigger_seq] if frame else []


def test_a_frame_is_not_taken_from_a_worker_that_lives(
    frames_redis: redis.Redis, journal_redis: redis.Redis
) -> None:
    put(frames_redis, 1)
    stop = Stop()
    slow, idle = (worker(frames_redis, journal_redis, name, stop) for name in ("slow", "idle"))
    frame = slow.take(never)
    assert frame is not None
    claims = threading.Thread(target=run_loop, args=(slow.keep_claims, stop, "claims"))
    claims.start()
    try:
        assert pulled_within(idle, 4 * IDLE_MS / 1e3) == []
        slow.done(frame)
        put(frames_redis, 2)
        assert pulled_within(idle, 2) == [2]
    finally:
        stop.set()
        claims.join(PATIENCE_S)


def test_a_frame_of_a_worker_that_gives_no_sign_is_taken_over(
    frames_redis: redis.Redis, journal_redis: redis.Redis
) -> None:
    put(frames_redis, 1)
    stop = Stop()
    dead, idle = (worker(frames_redis, journal_redis, name, stop) for name in ("dead", "idle"))
    assert dead.take(never) is not None
    assert pulled_within(idle, 2) == [1]


def test_threads_share_the_frames_of_a_process(
    frames_redis: redis.Redis, journal_redis: redis.Redis
) -> None:
    for seq in range(1, 41):
        put(frames_redis, seq)
    frames, taken = worker(frames_redis, journal_redis, "one", Stop()), []

    def work() -> None:
        while (frame := frames.take(never)) is not None:
            taken.append(frame.header.part.trigger_seq)
            frames.done(frame)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sorted(taken) == list(range(1, 41))


def test_what_has_no_hope_is_taken_first_then_the_most_urgent(
    frames_redis: redis.Redis, journal_redis: redis.Redis
) -> None:
    for seq in range(1, 5):
        put(frames_redis, seq)
    frames = worker(frames_redis, journal_redis, "one", Stop())
    taken = [frames.take(lambda frame: frame.ahead > 1) for _ in range(4)]
    assert [frame and frame.header.part.trigger_seq for frame in taken] == [3, 4, 1, 2]
    assert [frame and frame.ahead for frame in taken] == [2, 2, 0, 0]
    assert [frame and frame.behind for frame in taken] == [0, 0, 1, 0]


def test_frames_of_another_station_are_taken_from_the_next_one_on(
    frames_redis: redis.Redis, journal_redis: redis.Redis
) -> None:
    frames = worker(frames_redis, journal_redis, "one", Stop())
    put(frames_redis, 1)
    put(frames_redis, 1, "lids")
    assert answered(frames) == {f"{STATION}/3/1"}
    frames.follow(["lids"])
    put(frames_redis, 2)
    put(frames_redis, 2, "lids")
    assert answered(frames) == {"lids/3/1", "lids/3/2"}
    frames.follow([STATION, "lids"])
    assert answered(frames) == {f"{STATION}/3/2"}


def answered(frames: FrameStreams) -> set[str]:
    """Answer the frames that come within half a second."""
    give_up_s, found = time.monotonic() + 0.5, set()
    while time.monotonic() < give_up_s:
        if frame := frames.take(never):
            frames.done(frame)
            found.add(str(frame.header.part))
    return found
