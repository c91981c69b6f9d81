"""A Triton server that a command starts for itself and stops again."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.errors import ModelUnavailable
from referee.line.endpoints import LOOPBACK, free_ports
from referee.line.servers.triton import TritonPorts, is_ready, triton_command
from referee.project import MODELS

START_TIMEOUT_S = 60.0


@contextmanager
def serving_triton(models: Path = MODELS) -> Iterator[str]:
    """Start a server and return host:port of its gRPC. The server stops with the context.

    Args:
        models: model repository.

    Raises:
        UserError: a part of the server is not installed.
        ModelUnavailable: it does not start; the end of its log is in the text.
    """
    ports = TritonPorts(*free_ports(LOOPBACK, 3))
    command = triton_command(ports, host=LOOPBACK, models=models)
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            command.argv, env=os.environ | command.environment, stdout=log, stderr=log
        )
        try:
            _await_ready(server, ports)
            yield f"{LOOPBACK}:{ports.grpc}"
        except ModelUnavailable as error:
            log.seek(0)
            last_words = log.read().decode(errors="replace")[-2000:]
            raise ModelUnavailable(f"{error}\n{last_words}") from error
        finally:
            server.terminate()
            server.wait()


def _await_ready(server: subprocess.Popen[bytes], ports: TritonPorts) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_ready(LOOPBACK, ports.http):
        if server.poll() is not None:
            raise ModelUnavailable(f"Triton ended with exit code {server.returncode}")
        if time.monotonic() > deadline:
            raise ModelUnavailable(f"Triton is not ready after {START_TIMEOUT_S:.0f} s")
        time.sleep(0.1)
