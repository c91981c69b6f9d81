"""Signals that stop a line: each stops it in order, and a second one does not cut that short."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_as_by_ctrl_c() -> None:
    """Have SIGTERM, and the end of the terminal, raise KeyboardInterrupt as Ctrl-C does."""
    for each in STOP_SIGNALS:
        signal.signal(each, signal.default_int_handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore these signals for as long as a line is being stopped.

    A command that ended earlier would say that the line has stopped while processes of it run.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted
        return
    before = {each: signal.signal(each, signal.SIG_IGN) for each in STOP_SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
