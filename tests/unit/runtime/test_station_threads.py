"""What is served is what the newest roster says, and a change touches no other station."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import Counter

from contracts.errors import Unavailable
from runtime.process.clock import ManualClock
from runtime.process.loop import Stop
from runtime.process.metrics import STEP_RETRIES
from runtime.process.open_conditions import OpenConditions
from runtime.process.station_metrics import LATECOMERS_S, StationMetrics, loop_of
from runtime.process.station_threads import StationStop, StationThreads
from tests.waiting import PATIENCE_S, until

NAMES = ["a", "b", "c", "d"]
PARTS = Counter("test_parts_of_a_station", "Parts", ["station", "cause"])


class Worker:
    """Notes what is done to it, and by which thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps = 0
        self.fails = False
        self.is_away = False
        self.threads: set[str] = set()
        self.ended: list[str] = []
        self.may_end = threading.Event()
        self.may_end.set()

    def step(self) -> None:
        if self.fails:
            raise ValueError("nobody thought of this")
        if self.is_away:
            raise Unavailable("Redis", "gone")
        self.steps += 1
        self.threads.add(threading.current_thread().name)
        self.may_end.wait(PATIENCE_S)
        threading.Event().wait(0.001)

    def close(self) -> None:
        self.ended.append("close")

    def leave(self) -> None:
        self.ended.append("leave")


class World:
    def __init__(self) -> None:
        self.made: list[Worker] = []
        self.stop = Stop()
        self.conditions = OpenConditions()
        self.threads = StationThreads(self.make, self.stop, self.conditions)

    def make(self, name: str) -> Worker:
        self.made.append(Worker(name))
        return self.made[-1]

    def end(self) -> None:
        self.stop.set()
        self.threads.join(PATIENCE_S)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.end()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from(NAMES), min_size=1, unique=True), max_size=12))
def test_after_any_sequence_of_rosters_the_newest_is_served(rosters: list[list[str]]) -> None:
    world = World()
    served: dict[str, Worker] = {}
    for roster in rosters:
        until(partial(world.threads.follow, roster))
        now = world.threads.workers
        assert set(now) == set(roster)
        for name in set(roster) & set(served):
            assert now[name] is served[name]
            assert now[name].ended == []
        gone = [each for each in world.made if each not in now.values()]
        assert all(each.ended == ["close", "leave"] for each in gone)
        served = now
    alive = {each.name for each in threading.enumerate()} & set(map(loop_of, NAMES))
    assert alive == {loop_of(name) for name in served}
    world.end()
    assert all(each.ended == ["close"] for each in served.values())


def test_a_thread_that_hangs_keeps_only_its_own_station(world: World) -> None:
    world.threads.follow(["a", "b"])
    hangs, other = (world.threads.workers[name] for name in "ab")
    hangs.may_end.clear()
    until(lambda: hangs.steps > 0)
    assert not world.threads.follow(["b"])
    assert not world.threads.follow(["a", "b"])  # its camera is not released yet
    assert set(world.threads.workers) == {"b"}
    steps = other.steps
    until(lambda: other.steps > steps)
    hangs.may_end.set()
    until(lambda: world.threads.follow(["a", "b"]))
    assert world.threads.workers["a"] is not hangs
    assert world.threads.workers["b"] is other
    assert other.threads == {loop_of("b")}


def test_a_hundred_changes_leave_no_thread_behind(world: World) -> None:
    for number in range(100):
        until(partial(world.threads.follow, ["a", f"x-{number}"]))
    until(lambda: world.threads.follow(["a"]))
    assert [t.name for t in threading.enumerate() if t.name.startswith("station-")] == ["station-a"]
    assert len([each for each in world.made if each.name == "a"]) == 1


def test_a_station_that_fails_ends_the_process(world: World) -> None:
    world.threads.follow(["a", "b"])
    world.threads.workers["a"].fails = True
    until(world.stop.is_set)
    assert world.stop.exit_code == 1


def test_what_keeps_a_station_from_working_is_told_until_it_leaves(world: World) -> None:
    world.threads.follow(["a", "b"])
    world.threads.workers["a"].is_away = True
    until(lambda: [each.code for each in world.conditions.current()] == ["server_away"])
    until(lambda: world.threads.follow(["b"]))
    assert world.conditions.current() == ()


def test_a_pause_ends_with_the_process_and_with_the_station() -> None:
    process = Stop()
    one, other = StationStop(process), StationStop(process)
    one.set()
    assert one.wait(PATIENCE_S)
    assert one.is_for_good
    assert not other.is_set()
    process.set()
    assert other.wait(PATIENCE_S)
    assert not other.is_for_good


def series() -> set[str]:
    """Stations that have a series, by any label."""
    return {
        value
        for metric in (PARTS, STEP_RETRIES)
        for family in metric.collect()
        for sample in family.samples
        for value in sample.labels.values()
    }


def test_the_series_of_a_station_that_is_gone_vanish_also_if_a_part_comes_late() -> None:
    clock = ManualClock()
    metrics = StationMetrics([PARTS], clock)
    for name in ("a", "b"):
        PARTS.labels(name, "x").inc()
        STEP_RETRIES.labels(loop_of(name)).inc()
    metrics.follow(["a", "b"])
    metrics.follow(["a"])
    assert series() >= {"a", loop_of("a")}
    assert not series() & {"b", loop_of("b")}
    PARTS.labels("b", "late").inc()
    metrics.follow(["a"])
    assert "b" not in series()
    metrics.follow(["a", "b"])
    PARTS.labels("b", "x").inc()
    clock.advance_ms(2 * LATECOMERS_S * 1e3)
    metrics.follow(["a", "b"])
    assert "b" in series()
