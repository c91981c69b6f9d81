"""The frames of a station on a real Redis: what waits, what is forgotten, what does not fit."""

from __future__ import annotations

import pytest

from contracts import names
from contracts.errors import ServerFull, Unavailable
from contracts.messages import FrameHeader
from ingest.frame_stream import FrameStream
from runtime.messaging.redis_link import connect
from runtime.messaging.streams import StreamGroup
from tests.contract.ingest.parts import STATION, header
from tests.servers import RedisServer, redis_server

STREAM = names.frames(STATION)


def group(server: RedisServer, name: str) -> StreamGroup:
    return StreamGroup(connect(server.url), [STREAM], name, "one")


def put(stream: FrameStream, count: int, size: int = 10) -> None:
    for seq in range(count):
        stream.put(header(seq), b"x" * size)


def test_a_frame_is_read_as_it_was_put(frames_server: RedisServer) -> None:
    stream = FrameStream(connect(frames_server.url), STATION, 10)
    sent = header(4)
    stream.put(sent, b"\x00\xffbytes")
    [entry] = group(frames_server, names.INFERENCE_GROUP).read(1, 0)
    assert FrameHeader.model_validate_json(entry.fields[b"header"]) == sent
    assert entry.fields[b"image"] == b"\x00\xffbytes"


def test_waiting_counts_what_inference_has_not_finished(frames_server: RedisServer) -> None:
    stream = FrameStream(connect(frames_server.url), STATION, 100)
    assert stream.waiting() == 0
    put(stream, 5)
    assert stream.waiting() == 5  # nobody has even asked
    inference = group(frames_server, names.INFERENCE_GROUP)
    first, second = inference.read(2, 0)
    assert stream.waiting() == 5  # read is not finished
    inference.ack(first)
    assert stream.waiting() == 4
    inference.ack(second)
    put(stream, 2)
    assert stream.waiting() == 5


def test_waiting_is_right_after_tidying_and_while_the_archive_lags(
    frames_server: RedisServer,
) -> None:
    stream = FrameStream(connect(frames_server.url), STATION, 100)
    inference = group(frames_server, names.INFERENCE_GROUP)
    archive = group(frames_server, names.ARCHIVE_GROUP)
    for _ in range(4):
        put(stream, 6)
        inference.ack(*inference.read(5, 0))
        archive.ack(*archive.read(3, 0))
        stream.tidy()
    assert stream.waiting() == 4
    inference.ack(*inference.read(4, 0))
    assert stream.waiting() == 0
    put(stream, 1)
    assert stream.waiting() == 1


def test_tidying_forgets_only_what_everybody_has_finished(frames_server: RedisServer) -> None:
    client = connect(frames_server.url)
    stream = FrameStream(client, STATION, 100)
    put(stream, 6)
    inference = group(frames_server, names.INFERENCE_GROUP)
    archive = group(frames_server, names.ARCHIVE_GROUP)
    inference.ack(*inference.read(6, 0))
    assert stream.tidy() == 0
    assert client.xlen(STREAM) == 6  # the archive has seen none
    archive.ack(*archive.read(4, 0))
    assert stream.tidy() == 0
    assert client.xlen(STREAM) == 2


def test_the_bound_holds_and_says_what_was_lost(frames_server: RedisServer) -> None:
    client = connect(frames_server.url)
    stream = FrameStream(client, STATION, 4)
    put(stream, 10)
    assert stream.tidy() == 6
    assert client.xlen(STREAM) == 4


def test_a_full_redis_takes_nothing_says_so_and_can_be_emptied() -> None:
    with redis_server("frames", "--maxmemory", "4mb") as server:
        stream = FrameStream(connect(server.url), STATION, 1000)
        with pytest.raises(ServerFull):
            put(stream, 20, size=500_000)
        waiting = stream.waiting()
        with pytest.raises(ServerFull):
            put(stream, 1, size=500_000)
        assert stream.waiting() == waiting > 0
        inference = group(server, names.INFERENCE_GROUP)
        inference.ack(*inference.read(100, 0))
        put(stream, 1, size=500_000)
        assert stream.waiting() == 1
        assert stream.tidy() == waiting  # frames that the archive had not had


def test_an_archive_that_is_away_does_not_stop_the_inspection() -> None:
    with redis_server("frames", "--maxmemory", "4mb") as server:
        stream = FrameStream(connect(server.url), STATION, 1000)
        inference = group(server, names.INFERENCE_GROUP)
        inspected = 0
        for _ in range(30):
            put(stream, 1, size=500_000)
            inference.ack(*(entries := inference.read(10, 0)))
            inspected += len(entries)
        assert inspected == 30
        assert stream.tidy() > 20


def test_a_dead_redis_is_a_link_down(frames_server: RedisServer) -> None:
    stream = FrameStream(connect(frames_server.url), STATION, 10)
    frames_server.kill9()
    for use in (stream.waiting, stream.tidy, lambda: put(stream, 1)):
        with pytest.raises(Unavailable):
            use()
