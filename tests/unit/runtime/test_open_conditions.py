"""What a process gathers about itself."""

import pytest

from contracts.errors import CameraFailed, ServerFull, Unavailable
from contracts.process_state import Condition
from runtime.process.clock import ManualClock
from runtime.process.clock_watch import SAID_FOR_S, ClockWatch
from runtime.process.open_conditions import FAILS_FOR_S, OpenConditions
from runtime.process.step_watch import SLOW_AFTER_S, StepWatch

FULL = ServerFull("journal Redis", "no memory", "journal_full")


class World:
    """Conditions on a clock of the test's own."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.conditions = OpenConditions(lambda: self.now_s)

    def codes(self) -> list[str]:
        return [each.code for each in self.conditions.current()]


@pytest.fixture
def world() -> World:
    return World()


def test_a_step_that_keeps_failing_is_a_condition_until_it_is_done(world: World) -> None:
    world.conditions.failed("worker-1", FULL)
    assert world.codes() == []
    world.now_s = FAILS_FOR_S
    world.conditions.failed("worker-1", FULL)
    assert world.conditions.current() == (Condition(code="journal_full", detail=str(FULL)),)
    world.conditions.succeeded("worker-1")
    assert world.codes() == []


def test_two_steps_that_fail_alike_are_one_condition_until_both_are_done(world: World) -> None:
    for name in ("worker-1", "worker-2"):
        world.conditions.failed(name, FULL)
    world.now_s = 1.0
    assert world.codes() == ["journal_full"]
    world.conditions.succeeded("worker-1")
    assert world.codes() == ["journal_full"]
    world.conditions.succeeded("worker-2")
    assert world.codes() == []


def test_the_newest_error_of_a_step_is_told(world: World) -> None:
    world.conditions.failed("worker-1", Unavailable("x", "y", "journal_away"))
    world.now_s = 1.0
    world.conditions.failed("worker-1", FULL)
    assert world.codes() == ["journal_full"]


def test_an_error_that_is_told_elsewhere_is_not_told_twice(world: World) -> None:
    world.conditions.failed("station-tiles", CameraFailed("unplugged"))
    world.now_s = 1.0
    assert world.codes() == []


def test_a_watcher_replaces_what_it_said(world: World) -> None:
    world.conditions.put("journal-watch", Condition(code="journal_nearly_full"))
    assert world.codes() == ["journal_nearly_full"]
    world.conditions.put("journal-watch")
    assert world.codes() == []


@pytest.mark.parametrize(
    ("step_s", "said"),
    [(-3600, "back by 3600 s"), (90, "forward by 90 s"), (0.5, None), (-0.5, None)],
)
def test_a_clock_that_was_set_is_told_for_ten_minutes(step_s: float, said: str | None) -> None:
    clock, watch = ManualClock(), ClockWatch()
    assert watch.look(clock.now()) == ()
    clock.advance_ms(200)
    clock.set_utc(clock.now().utc_ns + int(step_s * 1e9))
    for _ in range(2):
        told = watch.look(clock.now())
        assert [each.detail for each in told] == ([said] if said else [])
        assert [each.code for each in told] == (["clock_moved"] if said else [])
        clock.advance_ms(SAID_FOR_S * 500)
    clock.advance_ms(1000)
    assert watch.look(clock.now()) == ()


def test_a_step_that_hangs_is_told_while_it_hangs() -> None:
    now_s = 0.0
    told: list[tuple[Condition, ...]] = []

    def step() -> None:
        nonlocal now_s
        now_s += SLOW_AFTER_S - 0.1
        told.append(watch.conditions())
        now_s += 0.1
        told.append(watch.conditions())

    watch = StepWatch(step, "database_slow", lambda: now_s)
    assert watch.conditions() == (Condition(code="starting"),)
    watch.step()
    assert told == [(Condition(code="starting"),), (Condition(code="database_slow"),)]
    assert watch.conditions() == ()


def test_a_step_that_failed_is_neither_done_nor_slow() -> None:
    def fail() -> None:
        raise FULL

    watch = StepWatch(fail, "database_slow")
    with pytest.raises(ServerFull):
        watch.step()
    assert not watch.done_once
    assert watch.conditions() == (Condition(code="starting"),)
