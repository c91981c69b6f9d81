"""A real Triton server with the project's own model repository and a network of known answers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
import redis

from inference.triton import TritonModel
from referee.line.servers.triton import (
    TritonPorts,
    forget_shared_memory,
    is_ready,
    triton_command,
)
from referee.project import MODELS
from runtime.messaging.broker import Broker
from tests.contract.inference.line import Line
from tests.contract.inference.tiny_network import write_tiny_network
from tests.servers import RedisServer
from tests.waiting import PATIENCE_S


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


# The processes of the models: two of the network, one of the prompts.
MODEL_PROCESSES = 3


class TritonServer:
    """One server that a test may kill and start again on the same ports."""

    def __init__(self, models: Path, log: Path) -> None:
        self.ports = TritonPorts(*free_ports(3))
        self.models = models
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.ports.grpc}"

    def start(self, timeout_s: float = PATIENCE_S) -> None:
        command = triton_command(self.ports, models=self.models)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command.argv, env=os.environ | command.environment, stdout=log, stderr=log
            )
        give_up = time.monotonic() + timeout_s
        while not is_ready("127.0.0.1", self.ports.http):
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < give_up, self.log.read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def shared_memory(self) -> list[Path]:
        """Of this server's models, also what dead ones left."""
        return list(Path("/dev/shm").glob(f"referee-triton-{self.ports.grpc}-*"))

    def model_processes(self) -> dict[int, str]:
        """Process id and command line of this server's models, also where it is dead."""
        found = {}
        for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = cmdline.read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
            if "_stub\0" in command and f"referee-triton-{self.ports.grpc}-" in command:
                found[int(cmdline.parent.name)] = command
        return found

    def kill_model_process(self) -> None:
        """One of dqformer's, as its out-of-memory end would."""
        ours = [pid for pid, cmd in self.model_processes().items() if "/dqformer/" in cmd]
        os.kill(ours[0], signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Hold every model process, so that requests queue up in the server."""
        held = list(self.model_processes())
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in held:
                os.kill(pid, signal.SIGCONT)

    def waiting_requests(self) -> int:
        """Return how many requests of dqformer wait in the server's queue."""
        with urlopen(f"http://127.0.0.1:{self.ports.metrics}/metrics") as page:
            text = page.read().decode()
        (count,) = re.findall(
            r'^nv_inference_pending_request_count\{model="dqformer".* (\d+)', text, re.M
        )
        return int(count)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE_S)


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's repository, with the network replaced by one whose answers are known."""
    models = tmp_path_factory.mktemp("models") / "triton_models"
    leave_out = shutil.ignore_patterns("model.onnx", "model.json", "__pycache__")
    shutil.copytree(MODELS, models, ignore=leave_out)
    write_tiny_network(models / "dqformer" / "1")
    return models


@pytest.fixture(scope="session")
def new_triton(
    tiny_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., TritonServer]]:
    """Makes servers, not started, and stops them all in the end."""
    made: list[TritonServer] = []

    def new(models: Path = tiny_models) -> TritonServer:
        made.append(TritonServer(models, tmp_path_factory.mktemp("triton") / "log"))
        return made[-1]

    yield new
    for server in made:
        server.stop()
        forget_shared_memory(server.ports)


@pytest.fixture(scope="session")
def triton(new_triton: Callable[[], TritonServer]) -> TritonServer:
    server = new_triton()
    server.start()
    return server


@pytest.fixture
def model(triton: TritonServer) -> Iterator[TritonModel]:
    model = TritonModel(triton.url)
    yield model
    model.close()


MakeLine = Callable[[TritonServer], Line]


@pytest.fixture
def make_line(
    tmp_path: Path,
    broker: Broker,
    frames_server: RedisServer,
    journal_server: RedisServer,
    frames_redis: redis.Redis,
    journal_redis: redis.Redis,
) -> Iterator[MakeLine]:
    made: list[Line] = []

    def make(triton: TritonServer) -> Line:
        urls = {
            "frames_redis_url": frames_server.url,
            "journal_redis_url": journal_server.url,
            "triton_url": triton.url,
        }
        made.append(Line(tmp_path, broker, frames_redis, journal_redis, urls))
        return made[-1]

    yield make
    for line in made:
        line.close()


@pytest.fixture
def line(make_line: MakeLine, triton: TritonServer) -> Line:
    return make_line(triton)
