"""Measures how long it takes until a running line says what is wrong with it.

    python -m benchmarks.line.health_delays RUN_DIR

RUN_DIR is the run folder of a line that `referee up` started on this machine, with a simulated PLC
and a SQLite database. Each fault is made for real, waited for at the broker as the dashboard does,
and ended again. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import redis
from sqlalchemy import make_url

from contracts.names import Topics
from referee.line.endpoints import LOOPBACK, Endpoints
from referee.line.programs import SOFT_PLC
from referee.line.supervision import Supervisor
from runtime.messaging.broker import Broker
from runtime.messaging.health_watch import HealthWatch
from runtime.process.run_folder import RunFolder

REPEATS = 5
PATIENCE_S = 120.0
LOOK_EVERY_S = 0.02


class Fault(NamedTuple):
    """Something that goes wrong while ``make`` lasts, and the code that should be said."""

    code: str
    make: Callable[[], Iterator[None]]


class Line:
    """A running line, as its users and its enemies reach it."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.endpoints = Endpoints.load(folder)
        topics = Topics(self.endpoints.site, self.endpoints.line)
        self.watch = HealthWatch(Broker(LOOPBACK, self.endpoints.mqtt), topics, "delays")

    def says(self, code: str) -> bool:
        return any(each.code == code for each in self.watch.health().conditions)

    def pid(self, name: str) -> int:
        return Supervisor(self.folder).pid(name)

    def locked_database(self) -> Iterator[None]:
        """Another program holds the database."""
        path = str(make_url(self.folder.database_url).database)
        with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")

    def full_journal(self) -> Iterator[None]:
        """The journal Redis takes nothing."""
        with closing(redis.Redis(port=self.endpoints.redis_journal, protocol=2)) as journal:
            bound = journal.info("memory")["maxmemory"]
            journal.config_set("maxmemory", journal.info("memory")["used_memory"] // 2)
            yield
            journal.config_set("maxmemory", bound)

    def silent_plc(self) -> Iterator[None]:
        """The PLC stands still."""
        pid = self.pid(SOFT_PLC)
        os.kill(pid, signal.SIGSTOP)
        yield
        os.kill(pid, signal.SIGCONT)

    def killed(self, name: str) -> Callable[[], Iterator[None]]:
        def make() -> Iterator[None]:
            os.kill(self.pid(name), signal.SIGKILL)
            yield

        return make


def faults(line: Line) -> dict[str, Fault]:
    """Return the faults by what happens."""
    return {
        "database locked": Fault("database_locked", line.locked_database),
        "journal Redis at its bound": Fault("journal_full", line.full_journal),
        "PLC stands still": Fault("plc_silent", line.silent_plc),
        "storage killed": Fault("process_gone", line.killed("storage")),
        "inference killed": Fault("process_gone", line.killed("inference")),
        "Triton killed": Fault("triton_away", line.killed("triton")),
    }


def delay_s(line: Line, fault: Fault) -> float:
    """Make the fault once; return how long it took until it was said."""
    with contextmanager(fault.make)():
        began_s = time.monotonic()
        _wait(lambda: line.says(fault.code))
        took_s = time.monotonic() - began_s
    _wait(lambda: not line.says(fault.code))
    return took_s


def _wait(condition: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > give_up_s:
            raise TimeoutError("the line did not say it, or not that it is over")
        time.sleep(LOOK_EVERY_S)


def main() -> None:
    """Print a row for each fault."""
    line = Line(RunFolder(Path(sys.argv[1])))
    line.watch.start()
    line.watch.wait(2.0)
    for name, fault in faults(line).items():
        took_s = sorted(delay_s(line, fault) for _ in range(REPEATS))
        median_s = statistics.median(took_s)
        sys.stdout.write(f"{name}: median {median_s:.1f} s, longest {took_s[-1]:.1f} s\n")
        sys.stdout.flush()
    line.watch.stop()


if __name__ == "__main__":
    main()
