"""Ends a model's process that its Triton server left behind.

When the server dies, or gives up waiting at its own end, while an answer is on its way to it, the
process of a Python model waits for it for ever (Triton 24.10): with its memory, and with Python's
global lock, so that no thread of Python can end it. A timer of the system can.
"""

from __future__ import annotations

import os
import signal
import threading
import time

GRACE_S = 10.0


def end_with_server() -> None:
    """End this process when its parent ends, at most ``GRACE_S`` later.

    A thread winds up a timer whose signal ends the process (SIGALRM, by its default), again and
    again while the parent lives. A thread that cannot run any more cannot wind it up.
    """
    server = os.getppid()

    def watch() -> None:
        while os.getppid() == server:
            signal.setitimer(signal.ITIMER_REAL, GRACE_S)
            time.sleep(GRACE_S / 10)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="server-watch", daemon=True).start()
