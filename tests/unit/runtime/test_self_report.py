"""What a process with one task says about itself."""

import pytest

from contracts.errors import Unavailable
from contracts.process_state import Condition, Status
from runtime.messaging.self_report import SelfReport
from runtime.process.open_conditions import FAILS_FOR_S, OpenConditions
from runtime.process.step_watch import SLOW_AFTER_S, StepWatch

LOCKED = Unavailable("the database", "database is locked", "database_locked")
NEARLY = Condition(code="disk_nearly_full", detail="the disk of /run")


class World:
    """A process whose work the test does, on a clock of its own."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.conditions = OpenConditions(lambda: self.now_s)
        self.work = StepWatch(lambda: self.during(), "database_slow", lambda: self.now_s)
        self.disk: tuple[Condition, ...] = ()
        self.report = SelfReport(
            self,
            self.work,
            self.conditions,
            lambda: self.disk,
            pause=lambda seconds: None,
            status=lambda: Status(roster_id="r1"),
        )

    def during(self) -> None:
        """What the step does."""

    def publish(self, status: Status) -> bool:
        return True

    def codes(self) -> list[str]:
        return [each.code for each in self.report.status().conditions]


@pytest.fixture
def world() -> World:
    return World()


def test_a_process_is_ready_when_its_work_was_done_once(world: World) -> None:
    assert not world.report.status().ready
    assert world.codes() == ["starting"]
    world.work.step()
    assert world.report.status() == Status(ready=True, roster_id="r1")


def test_an_alarm_makes_it_unready_and_a_warning_does_not(world: World) -> None:
    world.work.step()
    world.disk = (NEARLY,)
    assert world.report.status().ready
    assert world.codes() == ["disk_nearly_full"]
    world.conditions.failed("storage", LOCKED)
    world.now_s = FAILS_FOR_S
    told = world.report.status()
    assert not told.ready
    assert told.reason.startswith("The database is locked by another program")
    assert world.codes() == ["database_locked", "disk_nearly_full"]


def test_work_that_hangs_is_slow_unless_an_alarm_says_why(world: World) -> None:
    told: list[list[str]] = []

    def hang() -> None:
        world.now_s += SLOW_AFTER_S
        told.append(world.codes())
        world.conditions.failed("storage", LOCKED)
        world.now_s += FAILS_FOR_S
        told.append(world.codes())

    world.during = hang  # type: ignore[method-assign]
    world.work.step()
    assert told == [["database_slow"], ["database_locked"]]
