"""Processes of a line, started, restarted and stopped by `supervisord` (supervisord.org)."""

from __future__ import annotations

import configparser
import os
import shlex
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from supervisor.xmlrpc import SupervisorTransport

from contracts.errors import Unavailable, UserError
from runtime.process.run_folder import RunFolder

DAEMON = "supervisord"
STOP_TIMEOUT_S = 25.0


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


class Supervisor:
    """One `supervisord`, in the foreground of the command that started it."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self, programs: Sequence[Program]) -> None:
        """Start every program. Raises UserError if a line already runs in this folder."""
        if self.is_running():
            raise UserError(
                f"a line already runs in {self._folder.path}; stop it with `referee down`, "
                "or choose another folder with --run-dir"
            )
        self._folder.logs.mkdir(parents=True, exist_ok=True)
        # A unix socket's path has at most 107 bytes: the run folder's may be longer.
        socket_path = Path(tempfile.mkdtemp(prefix="referee-")) / "supervisor.sock"
        self._write_config(programs, socket_path)
        config = str(self._folder.supervisor_config)
        self._daemon = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", config, "-n"],
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop the line in order
        )
        self._await_answer()

    def processes(self) -> list[ProcessStatus]:
        """Return every process, sorted by name. Raises Unavailable if no supervisor runs."""
        return [
            ProcessStatus(
                info["name"],
                info["statename"],
                info["pid"],
                Path(info["stdout_logfile"]),
            )
            for info in self._call("getAllProcessInfo")
        ]

    def pid(self, name: str) -> int:
        """Return the process id of a program, 0 if it is not running."""
        return next(process.pid for process in self.processes() if process.name == name)

    def is_running(self) -> bool:
        """Return whether a supervisor answers for this run folder."""
        try:
            self._call("getPID")
        except Unavailable:
            return False
        return True

    def stop(self) -> None:
        """Stop every program, the first started last, and wait until all are gone."""
        try:
            self._call("shutdown")
        except Unavailable:
            return
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._is_alive():
            if time.monotonic() > deadline:
                raise Unavailable(DAEMON, f"did not stop within {STOP_TIMEOUT_S:.0f} s")
            time.sleep(0.1)

    def _is_alive(self) -> bool:
        return self._daemon.poll() is None if self._daemon else self.is_running()

    def _await_answer(self) -> None:
        assert self._daemon is not None
        deadline = time.monotonic() + 10.0
        while not self.is_running():
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(DAEMON, f"did not start, see {self._folder.log(DAEMON)}")
            time.sleep(0.05)

    def _call(self, method: str) -> Any:
        try:
            config = configparser.RawConfigParser()
            config.read_string(self._folder.supervisor_config.read_text())
            address = "unix://" + config["unix_http_server"]["file"]
            with xmlrpc.client.ServerProxy(
                "http://127.0.0.1", transport=SupervisorTransport(None, None, address)
            ) as proxy:
                return getattr(proxy.supervisor, method)()
        except (OSError, xmlrpc.client.Error, KeyError) as error:
            raise Unavailable(DAEMON, str(error)) from error

    def _write_config(self, programs: Sequence[Program], socket_path: Path) -> None:
        config = configparser.RawConfigParser()
        config["unix_http_server"] = {"file": str(socket_path), "chmod": "0600"}
        config[DAEMON] = {
            "logfile": str(self._folder.log(DAEMON)),
            "pidfile": str(self._folder.supervisor_pid),
            "childlogdir": str(self._folder.logs),
            "silent": "true",
        }
        config["rpcinterface:supervisor"] = {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        }
        for program in programs:
            config[f"program:{program.name}"] = self._section(program)
        with self._folder.supervisor_config.open("w") as file:
            config.write(file)

    def _section(self, program: Program) -> dict[str, str]:
        environment = ",".join(f'{k}="{v}"' for k, v in program.environment.items())
        return {
            "command": _escaped(shlex.join(program.argv)),
            "environment": _escaped(environment),
            "directory": _escaped(os.getcwd()),
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


def _escaped(value: str) -> str:
    """supervisord expands ``%(name)s``; ours has none."""
    return value.replace("%", "%%")
