"""How a process runs: a loop of steps, threads that may not die unnoticed, a clean end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from contracts.errors import FatalError, TransientError
from runtime.process.metrics import STEP_RETRIES
from runtime.process.open_conditions import OpenConditions

log = structlog.get_logger()

LONGEST_BACKOFF_S = 2.0
FIRST_BACKOFF_S = 0.05
GRACE_S = 5.0


class Stop:
    """Asks everything in the process to come to an end, once.

    Attributes:
        exit_code: what the process is to exit with: 0 asked for, 1 something failed.
    """

    def __init__(self, *, cut_off_after_s: float | None = None) -> None:
        self._event = threading.Event()
        self._cut_off_after_s = cut_off_after_s
        self.exit_code = 0

    @classmethod
    def from_signals(cls) -> Stop:
        """One that SIGTERM and SIGINT set, and an exception that ends a thread, any thread.

        After a failure, what hangs is cut off five seconds later. Called in the main thread, in
        ``__main__``.
        """
        stop = cls(cut_off_after_s=GRACE_S)

        def on_signal(number: int, frame: FrameType | None) -> None:
            stop.set()

        def on_dead_thread(args: threading.ExceptHookArgs) -> None:
            name = args.thread.name if args.thread else "unknown"
            log.critical("thread_died", thread=name, exc_info=args.exc_value)
            stop.fail()

        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)
        threading.excepthook = on_dead_thread
        return stop

    def set(self) -> None:
        """Come to an end."""
        self._event.set()

    def fail(self, exit_code: int = 1) -> None:
        """Come to an end because of a failure."""
        self.exit_code = exit_code
        self._event.set()
        if self._cut_off_after_s is not None:
            reaper = threading.Timer(self._cut_off_after_s, os._exit, args=(exit_code,))
            reaper.daemon = True
            reaper.start()

    def is_set(self) -> bool:
        """Whether the end was asked for."""
        return self._event.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Sleep, but not past the end. Returns whether the end was asked for."""
        return self._event.wait(timeout_s)


def run_loop(
    step: Callable[[], None], stop: Stop, name: str, conditions: OpenConditions | None = None
) -> int:
    """Repeat ``step`` until ``stop``; returns the process's exit code.

    ``conditions`` hears what keeps a step from being done, and when it was done.

    A TransientError is repeated with backoff and jitter, up to 2 s apart. A FatalError, or an
    exception that nobody expected, is logged and ends the process with 1: the supervisor starts
    it again, which is better than going on in a state that nobody thought of.
    """
    told = conditions or OpenConditions()
    persistently = _retrying(stop, name, told)
    try:
        while not stop.is_set():
            persistently(step)
            told.succeeded(name)
    except FatalError as error:
        log.critical("fatal", loop=name, reason=str(error))
        stop.fail()
    except Exception:
        log.critical("unexpected", loop=name, exc_info=True)
        stop.fail()
    return stop.exit_code


def _retrying(stop: Stop, name: str, conditions: OpenConditions) -> Retrying:
    def note(state: RetryCallState) -> None:
        STEP_RETRIES.labels(name).inc()
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TransientError):
            conditions.failed(name, error)
        log.warning("retrying", loop=name, attempt=state.attempt_number, reason=str(error))

    def nap(pause_s: float) -> None:
        stop.wait(pause_s)

    return Retrying(
        retry=retry_if_exception_type(TransientError),
        wait=wait_exponential_jitter(
            multiplier=FIRST_BACKOFF_S, max=LONGEST_BACKOFF_S, jitter=FIRST_BACKOFF_S
        ),
        stop=lambda state: stop.is_set(),
        sleep=nap,
        before_sleep=note,
        retry_error_callback=lambda state: None,  # the end was asked for: leave it undone
    )


@contextmanager
def supervised_threads(stop: Stop, jobs: Mapping[str, Callable[[], object]]) -> Iterator[None]:
    """Run each job in a thread of its name. One that ends before ``stop`` takes all down.

    On leaving, ``stop`` is set and the threads are waited for.
    """
    threads = [
        threading.Thread(target=_watched, args=(stop, name, job), name=name, daemon=True)
        for name, job in jobs.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(GRACE_S)


def _watched(stop: Stop, name: str, job: Callable[[], object]) -> None:
    try:
        job()
    except Exception:
        log.critical("thread_died", thread=name, exc_info=True)
        stop.fail()
    if not stop.is_set():
        log.critical("thread_ended", thread=name)
        stop.fail()
