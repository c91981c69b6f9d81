"""Trimming takes nothing that a group still needs: a real Redis, and random histories."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.messaging.streams import StreamGroup, append
from runtime.messaging.trim import trim_consumed

STREAM = "frames:tiles"
GROUPS = ("inference", "archive")
MANY = 1000


def put(client: redis.Redis, count: int) -> list[str]:
    return [append(client, STREAM, {"image": b"x"}) for _ in range(count)]


def left(client: redis.Redis) -> list[str]:
    entries: Any = client.xrange(STREAM)
    return [entry_id.decode() for entry_id, _ in entries]


def test_what_all_groups_acknowledged_goes(frames_redis: redis.Redis):
    ids = put(frames_redis, 5)
    for name in GROUPS:
        group = StreamGroup(frames_redis, [STREAM], name, "one")
        group.ack(*group.read(3, 0))
    assert trim_consumed(frames_redis, STREAM, GROUPS, MANY) == 0
    assert left(frames_redis) == ids[3:]


def test_a_group_that_is_not_there_yet_has_finished_nothing(frames_redis: redis.Redis):
    ids = put(frames_redis, 3)
    group = StreamGroup(frames_redis, [STREAM], "inference", "one")
    group.ack(*group.read(3, 0))
    assert trim_consumed(frames_redis, STREAM, GROUPS, MANY) == 0
    assert left(frames_redis) == ids
    assert trim_consumed(frames_redis, STREAM, ["inference"], MANY) == 0
    assert left(frames_redis) == []


def test_a_group_that_nobody_named_counts_too(frames_redis: redis.Redis):
    ids = put(frames_redis, 2)
    for name, acknowledged in (("inference", 2), ("somebody", 1)):
        group = StreamGroup(frames_redis, [STREAM], name, "one")
        group.ack(*group.read(2, 0)[:acknowledged])
    trim_consumed(frames_redis, STREAM, ["inference"], MANY)
    assert left(frames_redis) == ids[1:]


def test_pending_entries_stay_also_in_the_middle(frames_redis: redis.Redis):
    ids = put(frames_redis, 4)
    group = StreamGroup(frames_redis, [STREAM], "inference", "one")
    entries = group.read(4, 0)
    group.ack(entries[0], entries[2], entries[3])
    trim_consumed(frames_redis, STREAM, ["inference"], MANY)
    assert left(frames_redis) == ids[1:]


def test_beyond_the_bound_the_oldest_go_and_are_told(frames_redis: redis.Redis):
    ids = put(frames_redis, 6)
    group = StreamGroup(frames_redis, [STREAM], "inference", "one")
    group.ack(*group.read(1, 0))
    assert trim_consumed(frames_redis, STREAM, ["inference"], keep_at_most=3) == 2
    assert left(frames_redis) == ids[3:]
    assert len(group.read(10, 0)) == 3


def test_no_stream_is_nothing_to_trim(frames_redis: redis.Redis):
    assert trim_consumed(frames_redis, STREAM, GROUPS, 0) == 0
    with pytest.raises(ValueError, match="who"):
        trim_consumed(frames_redis, STREAM, [], 0)


step = st.one_of(
    st.just(("append",)),
    st.tuples(st.just("read"), st.sampled_from(GROUPS), st.integers(1, 4)),
    st.tuples(st.just("ack"), st.sampled_from(GROUPS), st.integers(0, 5)),
    st.just(("trim",)),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(step, max_size=30))
def test_whatever_happened_no_group_misses_an_entry(frames_redis: redis.Redis, steps: list):
    frames_redis.flushall()
    groups = {name: StreamGroup(frames_redis, [STREAM], name, "one") for name in GROUPS}
    appended: list[str] = []
    seen: dict[str, list[str]] = {name: [] for name in GROUPS}
    held: dict[str, list] = {name: [] for name in GROUPS}
    for name, *arguments in [*steps, ("trim",)]:
        if name == "append":
            appended += put(frames_redis, 1)
        elif name == "read":
            entries = groups[arguments[0]].read(arguments[1], 0)
            seen[arguments[0]] += [entry.id for entry in entries]
            held[arguments[0]] += entries
        elif name == "ack" and arguments[1] < len(held[arguments[0]]):
            groups[arguments[0]].ack(held[arguments[0]].pop(arguments[1]))
        elif name == "trim":
            assert trim_consumed(frames_redis, STREAM, GROUPS, MANY) == 0
    needed = {
        name: [i for i in appended if i not in seen[name]] + [entry.id for entry in held[name]]
        for name in GROUPS
    }
    somebody_needs = {entry_id for ids in needed.values() for entry_id in ids}
    there = left(frames_redis)
    assert somebody_needs <= set(there)
    assert not there or there[0] in somebody_needs
    for name, group in groups.items():
        found = [entry.id for entry in group.reclaim(0, 100) + group.read(100, 0)]
        assert sorted(found) == sorted(needed[name])
        assert group.lost == 0
