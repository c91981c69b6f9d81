"""What of a line runs on this machine, as the kernel and the supervisor know it."""

from __future__ import annotations

import time
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from contracts.errors import Unavailable, UserError
from referee.line.claim import is_claimed
from referee.line.line_processes import names_of, processes_of
from referee.line.start import Start
from referee.line.supervision import ProcessStatus, Supervisor
from runtime.process.run_folder import RunFolder


class Life(StrEnum):
    """The state of a line as a whole."""

    STOPPED = "stopped"
    CHANGING = "starting or stopping"
    RUNNING = "running"
    LEFT_BEHIND = "left behind"

    @property
    def remedy(self) -> str:
        """What to do if it is to run; empty if nothing."""
        return {
            Life.STOPPED: "start it with `referee up`",
            Life.CHANGING: "wait some seconds and look again",
            Life.RUNNING: "",
            Life.LEFT_BEHIND: "its supervisor was killed: `referee down` ends the rest, and "
            "`referee up` does too before it starts the line anew",
        }[self]


class ProgramLife(BaseModel):
    """One process of the supervisor. ``pid`` is 0 and ``up_for_s`` 0 if it does not run."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: str
    pid: int
    up_for_s: float

    @property
    def runs(self) -> bool:
        """Whether it runs, or has just been started."""
        return self.state in ("running", "starting")


class LineLife(BaseModel):
    """A line in its run folder.

    Attributes:
        version: of the Referee that started it; empty if nobody knows.
        programs: what the supervisor runs; empty if there is no supervisor.
        left_behind: names of processes without a supervisor.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    life: Life
    version: str = ""
    programs: tuple[ProgramLife, ...] = ()
    left_behind: tuple[str, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether the line does not run, or a process of it does not."""
        return self.life is not Life.RUNNING or not all(each.runs for each in self.programs)

    @property
    def is_outdated(self) -> bool:
        """Whether another version of Referee has been installed since the line was started."""
        return self.life is Life.RUNNING and self.version not in ("", version("referee"))


def life_of(folder: RunFolder) -> LineLife:
    """Return what of the line in this folder runs."""
    claimed, processes = is_claimed(folder), processes_of(folder)
    try:
        programs = Supervisor(folder).processes()
    except Unavailable:
        life = Life.CHANGING if claimed else Life.LEFT_BEHIND if processes else Life.STOPPED
        orphans = tuple(names_of(processes)) if life is Life.LEFT_BEHIND else ()
        return LineLife(folder=folder.path, life=life, left_behind=orphans)
    return LineLife(
        folder=folder.path,
        life=Life.RUNNING,
        version=_version(folder),
        programs=tuple(map(_life, programs)),
    )


def _version(folder: RunFolder) -> str:
    try:
        return Start.load(folder).version
    except UserError:
        return ""


def _life(status: ProcessStatus) -> ProgramLife:
    up_for_s = max(0.0, time.time() - status.started_utc_s) if status.pid else 0.0
    state = status.state.lower()
    return ProgramLife(name=status.name, state=state, pid=status.pid, up_for_s=round(up_for_s, 1))
