"""Finds and ends the processes of a line, also those whose supervisor is dead.

``supervisord`` is started with a mark in its environment, which all its children inherit. So the
kernel itself knows which processes are a line's, and no list of ids can be out of date.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from runtime.process.run_folder import RunFolder

MARK = "REFEREE_MARK"
TERM_WAIT_S = 10.0
KILL_WAIT_S = 5.0


def mark(folder: RunFolder) -> dict[str, str]:
    """Return the variable that marks a process as one of the line in this folder."""
    return {MARK: str(folder.path.resolve())}


def processes_of(folder: RunFolder) -> list[psutil.Process]:
    """Return the processes of the line in this folder, oldest first."""
    own = str(folder.path.resolve())
    found = [process for process, path in _marked() if path == own]
    return sorted(found, key=lambda process: process.create_time())


def folders_with_processes() -> list[Path]:
    """Return each run folder on this machine whose line has processes of this user."""
    return sorted({Path(path) for _, path in _marked()})


def end(processes: Iterable[psutil.Process], term_wait_s: float = TERM_WAIT_S) -> list[str]:
    """Ask the processes to end, kill those that do not, and return the names of all.

    Returns when the kernel has none of them any more.
    """
    names = []
    asked = []
    for process in processes:
        try:
            names.append(name_of(process))
            process.terminate()
            asked.append(process)
        except psutil.NoSuchProcess:
            continue
    _, deaf = psutil.wait_procs(asked, term_wait_s)
    for process in deaf:
        _kill(process)
    psutil.wait_procs(deaf, KILL_WAIT_S)
    return sorted(names)


def names_of(processes: Iterable[psutil.Process]) -> list[str]:
    """Return the names of those that are still there, sorted."""
    names = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            names.append(name_of(process))
    return sorted(names)


def name_of(process: psutil.Process) -> str:
    """Return what people call the process: the module that Python runs, or its program."""
    argv = process.cmdline()
    if "-m" in argv[:-1]:
        return argv[argv.index("-m") + 1]
    return process.name()


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _marked() -> Iterator[tuple[psutil.Process, str]]:
    """Return the marked processes of this user, without our own, and their run folders."""
    for process in psutil.process_iter():
        try:
            path = process.environ().get(MARK)
            if path and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                yield process, path
        except (psutil.Error, OSError):  # another user's, or gone
            continue
