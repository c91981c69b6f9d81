"""A process goes on through transient errors, ends by itself on others, and ends when asked to."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import Never

import pytest

from contracts.errors import Unavailable, UserError
from runtime.process.loop import (
    FIRST_BACKOFF_S,
    LONGEST_BACKOFF_S,
    Stop,
    run_loop,
    supervised_threads,
)
from tests.waiting import PATIENCE_S


class RecordedPauses(Stop):
    """Notes how long each pause would be, and does not sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses_s: list[float] = []

    def wait(self, timeout_s: float) -> bool:
        self.pauses_s.append(timeout_s)
        return self.is_set()


class EndsWhileItPauses(RecordedPauses):
    """Is asked to end in the middle of its third pause."""

    AT = 3

    def wait(self, timeout_s: float) -> bool:
        if len(self.pauses_s) + 1 == self.AT:
            self.set()
        return super().wait(timeout_s)


def test_a_transient_error_is_tried_again_with_growing_pauses() -> None:
    stop = RecordedPauses()
    steps: list[int] = []

    def step() -> None:
        steps.append(len(steps))
        if len(steps) < 9:
            raise Unavailable("Redis", "gone")
        stop.set()

    assert run_loop(step, stop, "test") == 0
    assert len(steps) == 9
    assert len(stop.pauses_s) == 8
    assert stop.pauses_s[0] <= 2 * FIRST_BACKOFF_S < stop.pauses_s[3] < stop.pauses_s[6]
    assert max(stop.pauses_s) <= LONGEST_BACKOFF_S


def test_a_loop_ends_while_it_waits_to_try_again() -> None:
    stop = EndsWhileItPauses()
    steps: list[int] = []

    def step() -> Never:
        steps.append(len(steps))
        raise Unavailable("Redis", "gone for long")

    assert run_loop(step, stop, "test") == 0
    assert len(steps) == EndsWhileItPauses.AT + 1  # the attempt that the pause was for


def test_the_end_cuts_a_pause_short() -> None:
    stop = Stop()
    threading.Timer(0.05, stop.set).start()
    assert stop.wait(PATIENCE_S)  # False, and after the whole time, if nothing woke it


@pytest.mark.parametrize("error", [UserError("REFEREE_SITE: missing"), KeyError("bug")])
def test_other_errors_end_the_process_with_1(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = Stop()

    def step() -> Never:
        raise error

    assert run_loop(step, stop, "test") == 1
    assert stop.is_set()
    assert str(error) in capsys.readouterr().out


def test_a_thread_that_dies_takes_the_process_down() -> None:
    stop = Stop()

    def dies() -> Never:
        raise KeyError("bug")

    with supervised_threads(stop, {"waits": lambda: stop.wait(10), "dies": dies}):
        assert stop.wait(2)
    assert stop.exit_code == 1


def test_a_thread_that_ends_early_takes_the_process_down() -> None:
    stop = Stop()
    with supervised_threads(stop, {"ends": lambda: None}):
        assert stop.wait(2)
    assert stop.exit_code == 1


def test_leaving_stops_the_threads() -> None:
    stop, ended = Stop(), threading.Event()

    def waits() -> None:
        stop.wait(10)
        ended.set()

    with supervised_threads(stop, {"waits": waits}):
        pass
    assert ended.is_set()
    assert stop.exit_code == 0


PROCESS = """
import threading, time
from runtime.process import loop as worker
worker.GRACE_S = 0.5
stop = worker.Stop.from_signals()
def step():
    print("up", flush=True)
    {step}
raise SystemExit(worker.run_loop(step, stop, "main"))
"""


def start(step: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS.format(step=step)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_cleanly(number: int) -> None:
    process = start("stop.wait(10)")
    process.send_signal(number)
    assert process.wait(5) == 0


def test_an_exception_in_any_thread_ends_the_process() -> None:
    process = start("threading.Thread(target=lambda: 1 / 0).start(); stop.wait(10)")
    assert process.wait(5) == 1


def test_a_failed_process_that_hangs_is_cut_off() -> None:
    process = start("stop.fail(); time.sleep(60)")
    assert process.wait(5) == 1
