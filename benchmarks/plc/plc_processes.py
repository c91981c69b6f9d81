"""The processes of a run: real servers, the real bridge, the real storage, the simulated PLC."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from contracts.errors import Unavailable
from referee.line.endpoints import free_ports
from referee.line.servers.mosquitto import mosquitto_argv
from referee.line.servers.redis import redis_argv
from referee.project import ROOT, python_path
from runtime.messaging.broker import Broker
from runtime.process.run_folder import RunFolder

HOST = "127.0.0.1"
SITE, LINE, STATION, UNIT = "bench", "plc", "gate", 1
START_TIMEOUT_S, END_TIMEOUT_S = 120.0, 30.0


class Ports(NamedTuple):
    """Where everybody listens."""

    redis: int
    mqtt: int
    modbus: int

    @property
    def redis_url(self) -> str:
        return f"redis://{HOST}:{self.redis}/0"

    @property
    def broker(self) -> Broker:
        return Broker(HOST, self.mqtt)


class Processes:
    """Started by name, each with a log in ``folder``; all are ended with the context."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_folder = RunFolder(folder)
        self.ports = Ports(*free_ports(HOST, 3))
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def database_url(self) -> str:
        """Of storage."""
        return self.run_folder.database_url

    def start(self, name: str, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start one."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                argv, env=os.environ | self.environment, cwd=ROOT, stdout=log, stderr=log
            )
        return self._running[name]

    def start_module(self, name: str, module: str, *options: str) -> subprocess.Popen[bytes]:
        """Start one of our processes."""
        return self.start(name, [sys.executable, "-m", module, *options])

    def start_servers(self) -> None:
        """Redis and the broker, listening when this returns. One Redis is both of a line's."""
        self.start(
            "redis", redis_argv("frames", HOST, self.ports.redis, self.run_folder.redis_frames)
        )
        broker = mosquitto_argv(HOST, self.ports.mqtt, self.run_folder.mosquitto)
        self.start("mosquitto", broker)
        for port in (self.ports.redis, self.ports.mqtt):
            _wait_for(port)

    def end(self, name: str, number: int = signal.SIGTERM) -> None:
        """Send a signal and wait for the end."""
        process = self._running.pop(name, None)
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def signal(self, name: str, number: int) -> None:
        """Send a signal and go on."""
        self._running[name].send_signal(number)

    def end_all(self) -> None:
        """The last one started goes first."""
        for name in reversed(list(self._running)):
            self.end(name)

    def log_tail(self, name: str, characters: int = 2000) -> str:
        """Return the last lines of a process's log."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-characters:]

    @property
    def environment(self) -> Mapping[str, str]:
        """What our processes read."""
        return {
            **python_path(),
            "REFEREE_SITE": SITE,
            "REFEREE_LINE": LINE,
            "REFEREE_STATIONS": STATION,
            "REFEREE_FRAMES_REDIS_URL": self.ports.redis_url,
            "REFEREE_JOURNAL_REDIS_URL": self.ports.redis_url,
            "REFEREE_MQTT_PORT": str(self.ports.mqtt),
            "REFEREE_MODBUS_PORT": str(self.ports.modbus),
            "REFEREE_RUN_DIR": str(self.folder),
            "REFEREE_DATABASE_URL": self.database_url,
        }


@contextmanager
def processes(folder: Path) -> Iterator[Processes]:
    """Start servers and storage, and nothing else yet."""
    folder.mkdir(parents=True, exist_ok=True)
    running = Processes(folder)
    try:
        running.start_servers()
        running.start_module("storage", "storage")
        yield running
    finally:
        running.end_all()


def _wait_for(port: int) -> None:
    give_up_s = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError as error:
            if time.monotonic() > give_up_s:
                raise Unavailable(f"{HOST}:{port}", str(error)) from error
            time.sleep(0.02)
