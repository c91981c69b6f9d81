"""Real servers for tests: on free ports, in temporary folders, killed and started again at will."""

from __future__ import annotations

import getpass
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import redis

from referee.line.endpoints import free_ports

SERVERS = Path(__file__).resolve().parent.parent / "referee" / "line" / "servers"
START_TIMEOUT_S = 10.0


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on, nor is given to a connection meanwhile."""
    return free_ports("127.0.0.1", 1)[0]


class Server:
    """One server process that a test may kill, hold and start again on the same port and folder."""

    def __init__(
        self, command: list[str], port: int, folder: Path, answers: Callable[[], bool]
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self.folder = folder
        self._command = command
        self._answers = answers
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server said so far."""
        return (self.folder / "server.log").read_text(errors="replace")

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        give_up_s = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up_s:
                raise RuntimeError(f"{self._command} did not start:\n{self.log}")
            time.sleep(0.02)

    def kill9(self) -> None:
        """As a power cut would, but for the disk's own cache."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an operator would; does nothing when it is not running."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """It holds its connections and does nothing, as a machine that swaps would."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.send_signal(signal.SIGCONT)  # a frozen one would not see SIGTERM
        try:
            self._process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


class RedisServer(Server):
    """A redis-server; ``url`` and ``client()`` reach it."""

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    def client(self) -> redis.Redis:
        """A plain client of it, for a test's own look."""
        return redis.Redis(port=self.port, protocol=2)


@contextmanager
def redis_server(
    kind: Literal["frames", "journal"] = "frames", *options: str, port: int | None = None
) -> Iterator[RedisServer]:
    """A Redis with the project's own configuration; ``options`` such as ``--maxmemory 8mb``."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix=f"redis-{kind}-") as folder:
        command = ["redis-server", str(SERVERS / f"redis-{kind}.conf"), "--port", str(port)]
        command += ["--dir", folder, *" ".join(options).split()]
        server = RedisServer(command, port, Path(folder), lambda: _redis_answers(port))
        yield from _running(server)


@contextmanager
def mosquitto_server(*lines: str, port: int | None = None) -> Iterator[Server]:
    """A broker with the project's own configuration; ``lines`` are appended to it."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="mosquitto-") as folder:
        machine = [f"listener {port} 127.0.0.1", f"persistence_location {folder}/"]
        machine += [f"user {getpass.getuser()}", *lines, ""]
        config = Path(folder) / "mosquitto.conf"
        config.write_text((SERVERS / "mosquitto.conf").read_text() + "\n" + "\n".join(machine))
        command = ["mosquitto", "-c", str(config)]
        yield from _running(Server(command, port, Path(folder), lambda: _listens(port)))


def _running(server: Server) -> Iterator:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _redis_answers(port: int) -> bool:
    try:
        with redis.Redis(port=port, protocol=2) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0
