"""A process goes on through transient errors, ends by itself on others, and ends when asked to."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest

from contracts.errors import Unavailable, UserError
from runtime.process.loop import Stop, run_loop, supervised_threads


def test_a_transient_error_is_tried_again_with_growing_pauses():
    stop, times = Stop(), []

    def step():
        times.append(time.monotonic())
        if len(times) < 5:
            raise Unavailable("Redis", "gone")
        stop.set()

    assert run_loop(step, stop, "test") == 0
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == 5
    assert pauses[0] < 0.15 < pauses[3] < 2.2


def test_a_loop_ends_while_it_waits_to_try_again():
    stop = Stop()

    def step():
        raise Unavailable("Redis", "gone for long")

    threading.Timer(1.0, stop.set).start()  # by then it waits for most of a second at a time
    start_s = time.monotonic()
    assert run_loop(step, stop, "test") == 0
    assert time.monotonic() - start_s < 1.3


@pytest.mark.parametrize("error", [UserError("REFEREE_SITE: missing"), KeyError("bug")])
def test_other_errors_end_the_process_with_1(error, capsys):
    stop = Stop()

    def step():
        raise error

    assert run_loop(step, stop, "test") == 1
    assert stop.is_set()
    assert str(error) in capsys.readouterr().out


def test_a_thread_that_dies_takes_the_process_down():
    stop = Stop()

    def dies():
        raise KeyError("bug")

    with supervised_threads(stop, {"waits": lambda: stop.wait(10), "dies": dies}):
        assert stop.wait(2)
    assert stop.exit_code == 1


def test_a_thread_that_ends_early_takes_the_process_down():
    stop = Stop()
    with supervised_threads(stop, {"ends": lambda: None}):
        assert stop.wait(2)
    assert stop.exit_code == 1


def test_leaving_stops_the_threads():
    stop, ended = Stop(), threading.Event()

    def waits():
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
    assert process.stdout.readline() == "up\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_cleanly(number):
    process = start("stop.wait(10)")
    process.send_signal(number)
    assert process.wait(5) == 0


def test_an_exception_in_any_thread_ends_the_process():
    process = start("threading.Thread(target=lambda: 1 / 0).start(); stop.wait(10)")
    assert process.wait(5) == 1


def test_a_failed_process_that_hangs_is_cut_off():
    process = start("stop.fail(); time.sleep(60)")
    assert process.wait(5) == 1
