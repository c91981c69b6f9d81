"""Streams and groups against a real Redis that forgets, fills up and dies."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis

from contracts.errors import ServerFull, Unavailable
from contracts.names import dead_letters
from runtime.messaging.dead_letters import dead_letter
from runtime.messaging.redis_link import connect
from runtime.messaging.streams import Entry, StreamGroup, append
from runtime.messaging.trim import trim_consumed
from tests.servers import redis_server

STREAM = "frames:tiles"


def put(client: redis.Redis, *payloads: bytes, stream: str = STREAM) -> list[str]:
    return [append(client, stream, {"image": payload}) for payload in payloads]


def images(entries: list[Entry]) -> list[bytes]:
    return [entry.fields[b"image"] for entry in entries]


def test_a_group_begins_at_the_first_entry(frames_redis: redis.Redis):
    put(frames_redis, b"before the group")
    group = StreamGroup(frames_redis, [STREAM], "inference", "one")
    put(frames_redis, b"after")
    assert images(group.read(10, 0)) == [b"before the group", b"after"]
    assert group.read(10, 0) == []


def test_each_entry_goes_to_one_consumer(frames_redis: redis.Redis):
    put(frames_redis, *(b"%d" % i for i in range(6)))
    one = StreamGroup(frames_redis, [STREAM], "inference", "one")
    two = StreamGroup(frames_redis, [STREAM], "inference", "two")
    assert images(one.read(4, 0)) + images(two.read(4, 0)) == [b"%d" % i for i in range(6)]


def test_one_group_reads_several_streams(frames_redis: redis.Redis):
    put(frames_redis, b"a", stream="frames:a")
    put(frames_redis, b"b", stream="frames:b")
    entries = StreamGroup(frames_redis, ["frames:a", "frames:b"], "g", "one").read(1, 0)
    assert {(entry.stream, entry.fields[b"image"]) for entry in entries} == {
        ("frames:a", b"a"),
        ("frames:b", b"b"),
    }


def test_a_waiting_read_returns_with_the_first_entry(frames_redis: redis.Redis):
    group = StreamGroup(frames_redis, [STREAM], "g", "one")
    start_s = time.monotonic()
    assert group.read(1, 50) == []
    assert time.monotonic() - start_s > 0.04
    assert group.read(1, 60_000) == []  # never longer than half the connection's timeout
    assert time.monotonic() - start_s < 59


def test_the_group_comes_back_after_redis_lost_everything(frames_redis: redis.Redis):
    group = StreamGroup(frames_redis, [STREAM], "g", "one")
    put(frames_redis, b"old")
    assert images(group.read(1, 0)) == [b"old"]
    frames_redis.flushall()
    put(frames_redis, b"new")
    assert images(group.read(1, 0)) == [b"new"]
    frames_redis.flushall()
    assert group.reclaim(0, 10) == []
    frames_redis.flushall()
    assert group.deliveries(Entry(STREAM, "1-1", {})) == 0


def test_a_killed_redis_is_a_link_that_is_down_and_comes_back():
    with redis_server("frames") as server, connect(server.url) as client:
        group = StreamGroup(client, [STREAM], "g", "one")
        assert group.read(1, 0) == []
        server.kill9()
        with pytest.raises(Unavailable, match="cannot be reached"):
            group.read(1, 10)
        with pytest.raises(Unavailable):
            put(client, b"x")
        server.start()
        put(client, b"after the restart")
        assert images(group.read(1, 0)) == [b"after the restart"]


def test_a_frozen_redis_is_a_link_that_is_down():
    with redis_server("frames") as server, connect(server.url, timeout_s=0.2) as client:
        group = StreamGroup(client, [STREAM], "g", "one")
        assert group.read(1, 10_000) == []  # an idle stream is none
        server.freeze()
        with pytest.raises(Unavailable):
            group.read(1, 10_000)
        server.thaw()
        put(client, b"x")
        assert images(group.read(1, 0)) == [b"x"]


def test_a_redis_at_its_bound_says_so_and_keeps_what_it_has():
    with redis_server("frames", "--maxmemory 4mb") as server, connect(server.url) as client:
        with pytest.raises(ServerFull, match="is full"):
            put(client, *[b"x" * 100_000] * 100)
        kept = client.xlen(STREAM)
        assert kept > 5
        assert len(StreamGroup(client, [STREAM], "g", "one").read(100, 0)) == kept


def test_a_redis_at_its_bound_can_be_read_and_emptied(frames_redis: redis.Redis):
    put(frames_redis, b"a", b"b")
    group = StreamGroup(frames_redis, [STREAM], "g", "one")
    frames_redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(ServerFull):
            put(frames_redis, b"c")
        first, second = group.read(2, 0)
        group.ack(first)
        group.ack_and_delete(second)
        assert trim_consumed(frames_redis, STREAM, ["g"], 10) == 0
        assert frames_redis.xlen(STREAM) == 0
    finally:
        frames_redis.config_set("maxmemory", "512mb")


def test_the_frames_keep_nothing_and_the_journal_everything(
    frames_redis: redis.Redis, journal_redis: redis.Redis
):
    def configured(client: redis.Redis, *names: str) -> list[str]:
        return [client.config_get(name)[name] for name in names]

    names = ("appendonly", "save", "maxmemory-policy")
    assert configured(frames_redis, *names) == ["no", "", "noeviction"]
    assert configured(journal_redis, *names) == ["yes", "", "noeviction"]
    assert configured(journal_redis, "appendfsync") == ["always"]
    assert all(int(configured(c, "maxmemory")[0]) for c in (frames_redis, journal_redis))


def test_what_a_dead_consumer_held_is_taken_over_after_a_time(frames_redis: redis.Redis):
    put(frames_redis, b"a", b"b", b"c")
    dead = StreamGroup(frames_redis, [STREAM], "g", "dead")
    first, *held = dead.read(3, 0)
    dead.ack(first)
    heir = StreamGroup(frames_redis, [STREAM], "g", "heir")
    assert heir.reclaim(10_000, 10) == []
    time.sleep(0.05)
    taken = heir.reclaim(40, 10)
    assert taken == held
    assert [heir.deliveries(entry) for entry in taken] == [2, 2]
    heir.ack(*taken)
    assert heir.deliveries(taken[0]) == 0
    assert heir.reclaim(0, 10) == []
    assert heir.lost == 0


def test_reclaim_looks_behind_entries_that_are_not_idle(frames_redis: redis.Redis):
    put(frames_redis, *(b"%d" % i for i in range(400)))
    old = StreamGroup(frames_redis, [STREAM], "g", "old")
    entries = old.read(400, 0)
    time.sleep(0.2)
    busy: list[Any] = [entry.id for entry in entries[:399]]
    frames_redis.xclaim(STREAM, "g", "old", 0, busy)  # resets their idle time
    heir = StreamGroup(frames_redis, [STREAM], "g", "heir")
    assert heir.reclaim(150, 5) == entries[399:]


def test_entries_deleted_under_a_group_are_counted_as_lost(frames_redis: redis.Redis):
    ids = put(frames_redis, b"a", b"b", b"c")
    dead = StreamGroup(frames_redis, [STREAM], "g", "dead")
    dead.read(3, 0)
    frames_redis.xdel(STREAM, ids[0], ids[2])
    heir = StreamGroup(frames_redis, [STREAM], "g", "heir")
    assert images(heir.reclaim(0, 10)) == [b"b"]
    assert heir.lost == 2


def test_ack_keeps_the_entry_and_ack_and_delete_does_not(frames_redis: redis.Redis):
    put(frames_redis, b"a", b"b")
    group = StreamGroup(frames_redis, [STREAM], "g", "one")
    first, second = group.read(2, 0)
    group.ack(first)
    assert frames_redis.xlen(STREAM) == 2
    group.ack_and_delete(second)
    entries: Any = frames_redis.xrange(STREAM)
    assert [entry_id.decode() for entry_id, _ in entries] == [first.id]
    assert group.reclaim(0, 10) == []
    assert group.lost == 0
    group.ack_and_delete(first, second)  # again does no harm
    group.ack()
    assert frames_redis.xlen(STREAM) == 0


def test_a_dead_letter_says_why_and_leaves_out_the_picture(journal_redis: redis.Redis):
    picture = b"p" * 200_000
    entry = Entry(STREAM, "5-0", {b"header": b"not json", b"image": picture})
    dead_letter(journal_redis, entry, "header: invalid JSON")
    [(_, letter)] = journal_redis.xrange(dead_letters(STREAM))
    assert letter[b"reason"] == b"header: invalid JSON"
    assert (letter[b"entry_id"], letter[b"header"]) == (b"5-0", b"not json")
    assert letter[b"image.bytes"] == b"200000"
    assert b"image" not in letter


def test_a_renewed_claim_is_not_taken_over_and_is_no_delivery(frames_redis: redis.Redis):
    put(frames_redis, b"slow", b"abandoned")
    one = StreamGroup(frames_redis, [STREAM], "inference", "one")
    two = StreamGroup(frames_redis, [STREAM], "inference", "two")
    slow, _ = one.read(2, 0)
    time.sleep(0.12)
    one.renew(slow)
    assert images(two.reclaim(100, 10)) == [b"abandoned"]
    assert one.deliveries(slow) == 1


def test_renewing_what_is_done_or_nothing_changes_nothing(frames_redis: redis.Redis):
    put(frames_redis, b"a")
    one = StreamGroup(frames_redis, [STREAM], "inference", "one")
    [entry] = one.read(1, 0)
    one.ack(entry)
    one.renew(entry)
    one.renew()
    assert frames_redis.xpending(STREAM, "inference")["pending"] == 0


def test_an_entrys_age_is_told_by_the_clock_of_redis(frames_redis: redis.Redis):
    put(frames_redis, b"a")
    group = StreamGroup(frames_redis, [STREAM], "inference", "one")
    [entry] = group.read(1, 0)
    time.sleep(0.1)
    assert 95 < group.age_ms(entry) < 2000
