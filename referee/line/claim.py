"""Claims a run folder for one line at a time, with a lock that the kernel releases at death."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

import psutil

from contracts.errors import UserError
from referee.line.endpoints import Endpoints
from referee.line.line_processes import end, processes_of
from runtime.process.files import in_words
from runtime.process.run_folder import RunFolder

LOOKS_S = 0.5
"""A command that only looks whether a line runs holds the lock for a moment."""


class Claim(NamedTuple):
    """A run folder that no other line can use as long as ``lock`` is open in any process.

    Attributes:
        lock: `supervisord` inherits it. So the folder is claimed until both it and the command
            that started it are gone.
        ended: names of processes that an earlier line had left behind, ended by the claim.
    """

    folder: RunFolder
    lock: IO[str]
    ended: tuple[str, ...] = ()


@contextmanager
def claimed(folder: RunFolder, site: str, line: str) -> Iterator[Claim]:
    """Claim the folder for a line, and end what an earlier line of it has left behind.

    Raises:
        UserError: a line runs there, the folder is another line's, or it cannot be written.
    """
    refuse_foreign(folder, site, line)
    with _opened(folder) as lock:
        if not _take(lock, LOOKS_S):
            raise UserError(
                f"a line already runs in {folder.path}; `referee status` shows it, "
                "`referee down` stops it, and --run-dir names another folder"
            )
        _write_holder(lock)
        yield Claim(folder, lock, tuple(end(processes_of(folder))))


def refuse_foreign(folder: RunFolder, site: str, line: str) -> None:
    """Raise UserError if another line has run in this folder: its parts and journal are there."""
    if not folder.endpoints.exists():
        return
    before = Endpoints.load(folder)
    if (before.site, before.line) != (site, line):
        raise UserError(
            f"{folder.path} is the run folder of line {before.line} at site {before.site}, not of "
            f"line {line} at site {site}; name another folder with --run-dir"
        )


def is_claimed(folder: RunFolder) -> bool:
    """Return whether a line runs in the folder, is being started or is being stopped."""
    if not folder.lock.exists():
        return False
    with _opened(folder) as lock:
        return not _take(lock)


def holder(folder: RunFolder) -> psutil.Process | None:
    """Return the `referee` command that has claimed the folder; None if it is gone, or us."""
    with suppress(OSError, ValueError, psutil.NoSuchProcess):
        pid, created = folder.lock.read_text().split()
        process = psutil.Process(int(pid))
        if process.pid != os.getpid() and f"{process.create_time():.2f}" == created:
            return process
    return None


@contextmanager
def _opened(folder: RunFolder) -> Iterator[IO[str]]:
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        lock = folder.lock.open("a+")
    except OSError as error:
        raise UserError(
            f"the run folder {folder.path} cannot be used: {in_words(error)}; change its "
            "permissions, or name another with --run-dir"
        ) from error
    with lock:
        yield lock


def _take(lock: IO[str], within_s: float = 0.0) -> bool:
    deadline = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _write_holder(lock: IO[str]) -> None:
    """Note who starts the line, so that `referee down` can end it while it still starts."""
    lock.truncate(0)
    lock.write(f"{os.getpid()} {psutil.Process().create_time():.2f}\n")
    lock.flush()
