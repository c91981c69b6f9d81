"""Processes of a line, started, restarted and stopped by `supervisord` (supervisord.org)."""

from __future__ import annotations

import configparser
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from supervisor.xmlrpc import SupervisorTransport

from contracts.errors import Unavailable
from referee.line.claim import Claim
from referee.line.line_processes import end, mark, processes_of
from runtime.process.run_folder import RunFolder

DAEMON = "supervisord"
STOP_TIMEOUT_S = 60.0
"""The supervisor itself kills what does not stop, rank by rank: this is for one that hangs."""
LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel takes 107, and supervisord adds a process id while it binds."""


class Program(NamedTuple):
    """One process of the line.

    Attributes:
        environment: added to the environment that the supervisor was started with.
        rank: lower starts earlier and stops later.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    rank: int


class ProcessStatus(NamedTuple):
    """What the supervisor knows of a process. ``pid`` is 0 while it does not run."""

    name: str
    state: str
    pid: int
    log: Path
    started_utc_s: float = 0.0


class Supervisor:
    """One `supervisord`, in the foreground of the command that started it."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self, programs: Sequence[Program], claim: Claim) -> None:
        """Start the programs of the first rank. ``start_rest`` starts the others.

        The supervisor keeps the folder claimed as long as it lives.
        """
        self._folder.logs.mkdir(parents=True, exist_ok=True)
        self.write_config(programs, Path.cwd())
        config = str(self._folder.supervisor_config)
        self._daemon = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", config, "-n"],
            stdout=subprocess.DEVNULL,
            env=os.environ | mark(self._folder),
            pass_fds=[claim.lock.fileno()],
            start_new_session=True,  # Ctrl-C reaches us alone; we stop the line in order
        )
        self._await_answer()

    def start_rest(self) -> None:
        """Start every program that does not run yet, rank by rank."""
        self._call("startAllProcesses", False)

    def processes(self) -> list[ProcessStatus]:
        """Return every process, sorted by name. Raises Unavailable if no supervisor runs."""
        return [
            ProcessStatus(
                info["name"],
                info["statename"],
                info["pid"],
                Path(info["stdout_logfile"]),
                info["start"],
            )
            for info in self._call("getAllProcessInfo")
        ]

    def pid(self, name: str) -> int:
        """Return the process id of a program, 0 if it is not running."""
        return next(process.pid for process in self.processes() if process.name == name)

    def follow_config(self, names: Iterable[str]) -> None:
        """Read the configuration again, and stop, start or restart these programs as it says.

        Raises:
            Unavailable: no supervisor runs, or a program cannot be started.
        """
        ((added, changed, removed),) = self._call("reloadConfig")
        wanted = set(names)
        for name in sorted(wanted & {*changed, *removed}):
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in sorted(wanted & {*changed, *added}):
            self._call("addProcessGroup", name)
            self._call("startProcessGroup", name, False)

    def is_running(self) -> bool:
        """Return whether a supervisor answers for this run folder."""
        try:
            self._call("getPID")
        except Unavailable:
            return False
        return True

    @property
    def was_killed(self) -> bool:
        """Whether the supervisor that we started ended otherwise than by a request to stop."""
        return self._daemon is not None and self._daemon.poll() not in (None, 0)

    def stop(self) -> None:
        """Stop every program, the first started last, and return when all are gone.

        What does not stop in time, or lost its supervisor, is ended one by one.
        """
        try:
            self._call("shutdown")
        except Unavailable:
            self._end_rest()
            return
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._is_alive() and time.monotonic() < deadline:
            time.sleep(0.1)
        self._end_rest()

    def _end_rest(self) -> None:
        end(processes_of(self._folder))
        if self._daemon is not None:
            self._daemon.wait()

    def _is_alive(self) -> bool:
        return self._daemon.poll() is None if self._daemon else bool(processes_of(self._folder))

    def _await_answer(self) -> None:
        assert self._daemon is not None
        deadline = time.monotonic() + 10.0
        while not self.is_running():
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(DAEMON, f"did not start, see {self._folder.log(DAEMON)}")
            time.sleep(0.05)

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            config = configparser.RawConfigParser()
            config.read_string(self._folder.supervisor_config.read_text())
            address = "unix://" + config["unix_http_server"]["file"]
            with xmlrpc.client.ServerProxy(
                "http://127.0.0.1", transport=SupervisorTransport(None, None, address)
            ) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, xmlrpc.client.Error, KeyError) as error:
            raise Unavailable(DAEMON, str(error)) from error

    def _socket(self) -> Path:
        """Return a path that a unix socket may have: in the run folder if that is short enough."""
        inside = self._folder.path.resolve() / "supervisor.sock"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
            return inside
        named = hashlib.sha256(os.fsencode(inside)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"referee-{named}.sock"

    def write_config(self, programs: Sequence[Program], working_folder: Path) -> None:
        """Write what the supervisor starts; one that runs reads it when it is told to."""
        config = configparser.RawConfigParser()
        config["unix_http_server"] = {"file": str(self._socket()), "chmod": "0600"}
        config[DAEMON] = {
            "logfile": str(self._folder.log(DAEMON)),
            "pidfile": str(self._folder.supervisor_pid),
            "childlogdir": str(self._folder.logs),
            "silent": "true",
        }
        config["rpcinterface:supervisor"] = {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        }
        first = min(program.rank for program in programs)
        for program in programs:
            section = self._section(program, working_folder)
            section["autostart"] = str(program.rank == first).lower()
            config[f"program:{program.name}"] = section
        # Environments may hold the password of a database: nobody else may read them.
        with open(self._folder.supervisor_config, "w", opener=_for_us_alone) as file:
            config.write(file)

    def _section(self, program: Program, working_folder: Path) -> dict[str, str]:
        environment = ",".join(f'{k}="{v}"' for k, v in program.environment.items())
        return {
            "command": _escaped(shlex.join(program.argv)),
            "environment": _escaped(environment),
            "directory": _escaped(str(working_folder)),
            "priority": str(program.rank),
            "autorestart": "true",
            "startsecs": "1",
            "startretries": "1000000",  # never give up: what dies is started again
            "stopasgroup": "true",
            "killasgroup": "true",
            "stopwaitsecs": "8",
            "redirect_stderr": "true",
            "stdout_logfile": _escaped(str(self._folder.log(program.name))),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "2",
        }


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _escaped(value: str) -> str:
    """supervisord expands ``%(name)s``; ours has none."""
    return value.replace("%", "%%")
