"""Stops a line from another terminal, in whatever state it is: starting, running, or orphaned."""

from __future__ import annotations

import time
from typing import NamedTuple

import psutil

from contracts.errors import Unavailable
from referee.line.claim import holder, is_claimed
from referee.line.line_processes import end, processes_of
from referee.line.supervision import STOP_TIMEOUT_S, Supervisor
from runtime.process.run_folder import RunFolder

COMMAND_WAIT_S = 10.0
"""A command whose line is gone ends within a second or two; after this time it is killed."""


class Stopped(NamedTuple):
    """What was stopped.

    Attributes:
        left_behind: names of processes that had no supervisor any more.
    """

    left_behind: tuple[str, ...] = ()


def stop_line(folder: RunFolder) -> Stopped | None:
    """Stop the line in this folder; return when all its processes are gone. None: none ran.

    Raises:
        Unavailable: a process cannot be ended, even by force.
    """
    claimed, processes = is_claimed(folder), processes_of(folder)
    if not claimed and not processes:
        return None
    supervisor = Supervisor(folder)
    orphaned = not supervisor.is_running() and bool(processes)
    command = holder(folder) if claimed else None
    if supervisor.is_running():
        supervisor.stop()
    elif command is not None:
        command.terminate()  # it is starting or stopping the line, and knows best how
        _await_release(folder)
    left_behind = end(processes_of(folder))
    if command is not None:
        _end_command(command)
    _check_gone(folder)
    return Stopped(tuple(left_behind) if orphaned else ())


def _await_release(folder: RunFolder) -> None:
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while is_claimed(folder) and time.monotonic() < deadline:
        time.sleep(0.1)


def _end_command(command: psutil.Process) -> None:
    _, left = psutil.wait_procs([command], COMMAND_WAIT_S)
    end(left)


def _check_gone(folder: RunFolder) -> None:
    if is_claimed(folder) or processes_of(folder):
        raise Unavailable("the line", f"processes of {folder.path} cannot be ended")
