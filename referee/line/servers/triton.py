"""The real `tritonserver` from PyPI's nvidia-pytriton wheel: put together, command line, ready?

The wheel holds the server, its Python backend and one backend stub per Python version, in folders
that only its own launcher knows. Assembled once under ``.runtime``; a second time is a glance.

``python -m referee.line.servers.triton --grpc-port 8001 ...`` cleans up behind the last one and is
the server: the same process id, so whoever started it supervises the server itself.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import sysconfig
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

from contracts.errors import UserError
from referee.project import (
    MODELS,
    how_to_install,
    python_path,
    served_models,
    text_encoder_folder,
    tools_folder,
)
from runtime.process.program import run_process

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
STUB = "triton_python_backend_stub"


class TritonPorts(NamedTuple):
    """Where the server listens, all three on one host."""

    grpc: int
    http: int
    metrics: int


class ServerCommand(NamedTuple):
    """How to start a server.

    Attributes:
        environment: to be added to the environment of the caller.
    """

    argv: list[str]
    environment: dict[str, str]


def triton_command(
    ports: TritonPorts, *, host: str = "127.0.0.1", models: Path | None = None
) -> ServerCommand:
    """Command line and environment of a process that becomes the server.

    It serves the model repository given, else the one that ``REFEREE_MODELS`` names, else the one
    that ships.

    Raises:
        UserError: the wheel, the models or the text encoder are not there.
    """
    models = models or served_models()
    server_command(ports, host=host, models=models)  # better said now than in a log
    argv = [sys.executable, "-m", __name__, f"--host={host}", f"--models={models.resolve()}"]
    argv += [f"--{name}-port={port}" for name, port in ports._asdict().items()]
    return ServerCommand(argv, python_path())


def server_command(
    ports: TritonPorts,
    *,
    host: str,
    wheel: Path | None = None,
    models: Path = MODELS,
) -> ServerCommand:
    """Command line and environment of `tritonserver`, its backends assembled beside the wheel.

    The text encoder is the folder that ``REFEREE_TEXT_ENCODER`` names, else the one that set-up
    installed.

    Raises:
        UserError: the wheel, the models or the text encoder are not there.
    """
    wheel, text_encoder = wheel or tools_folder() / "triton", text_encoder_folder()
    server = wheel / "pytriton" / "tritonserver"
    binary = server / "bin" / "tritonserver"
    _must_exist(binary, how_to_install("triton"))
    _must_exist(models, "see REFEREE_MODELS")
    _must_exist(text_encoder / "model.safetensors", how_to_install("text-encoder"))
    backends = assemble_backends(server, wheel.parent / f"triton-backends-{PYTHON}")
    argv = [str(binary.resolve()), *_flags(ports, host, models, backends)]
    return ServerCommand(argv, _environment(wheel, text_encoder))


def _must_exist(path: Path, remedy: str) -> None:
    if not path.exists():
        raise UserError(f"Triton cannot be started: {path} is missing; {remedy}")


def assemble_backends(server: Path, backends: Path) -> Path:
    """The Python backend and its stub for this Python in one folder, as the server wants them.

    Moved into place whole, so that two processes that assemble at once do not see half of it.

    Raises:
        UserError: the wheel has no stub for this Python.
    """
    python = backends / "python"
    if (python / STUB).exists():
        return backends
    stub = server / "python_backend_stubs" / PYTHON / STUB
    if not stub.exists():
        raise UserError(f"Triton's wheel has no backend stub for Python {PYTHON}: {stub}")
    backends.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(dir=backends)) / "python"
    shutil.copytree(server / "backends" / "python", half)
    shutil.copy2(stub, half / STUB)
    try:
        half.rename(python)
    except OSError:  # another process was first, and its folder is as good
        if not (python / STUB).exists():
            raise
    shutil.rmtree(half.parent)
    return backends


def is_ready(host: str, http_port: int, timeout_s: float = 0.5) -> bool:
    """Whether the server answers and every model of its repository is loaded."""
    url = f"http://{host}:{http_port}/v2/health/ready"
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _flags(ports: TritonPorts, host: str, models: Path, backends: Path) -> list[str]:
    return [
        f"--model-repository={models.resolve()}",
        f"--backend-directory={backends.resolve()}",
        f"--grpc-address={host}",
        f"--grpc-port={ports.grpc}",
        f"--http-address={host}",
        f"--http-port={ports.http}",
        f"--metrics-address={host}",
        f"--metrics-port={ports.metrics}",
        "--model-control-mode=explicit",  # a client may load a model again whose process died
        "--load-model=*",
        "--disable-auto-complete-config",  # the configurations are complete: one stub start less
        "--allow-gpu-metrics=false",
        "--pinned-memory-pool-byte-size=0",
        "--http-thread-count=2",
        f"--backend-config=python,shm-region-prefix-name={_shared_memory(ports)}",
        "--exit-timeout-secs=5",
        "--log-info=false",
    ]


def _shared_memory(ports: TritonPorts) -> str:
    """How the names of this server's shared memory begin."""
    return f"referee-triton-{ports.grpc}-"


def forget_shared_memory(ports: TritonPorts, folder: Path = Path("/dev/shm")) -> None:
    """Remove what a server on these ports left behind that was killed, or whose model was."""
    for left in folder.glob(f"{_shared_memory(ports)}*"):
        left.unlink(missing_ok=True)


def _environment(wheel: Path, text_encoder: Path) -> dict[str, str]:
    libraries = [
        str((wheel / "nvidia_pytriton.libs").resolve()),
        str(sysconfig.get_config_var("LIBDIR")),  # the stub needs libpython
        os.environ.get("LD_LIBRARY_PATH", ""),
    ]
    # The stub's interpreter is isolated: it ignores PYTHONPATH and takes the environment of the
    # first `python3` on PATH.
    return {
        "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
        "REFEREE_TEXT_ENCODER": str(text_encoder.resolve()),
        # ONNX Runtime's Linux builds report to their maker unless told not to.
        "ORT_DISABLE_TELEMETRY": "1",
        # The text encoder is numpy: its matrices are small, and threads that spin cost the others.
        "OPENBLAS_NUM_THREADS": "1",
    }


def main() -> None:
    """Become the server: this process is replaced by it."""
    parser = argparse.ArgumentParser(prog="python -m referee.line.servers.triton")
    parser.add_argument("--host", default="127.0.0.1", help="address that all three ports bind")
    for port in TritonPorts._fields:
        parser.add_argument(f"--{port}-port", type=int, required=True)
    parser.add_argument("--models", type=Path, default=MODELS, help="model repository")
    given = parser.parse_args()
    ports = TritonPorts(given.grpc_port, given.http_port, given.metrics_port)
    command = server_command(ports, host=given.host, models=given.models)
    forget_shared_memory(ports)
    os.execve(command.argv[0], command.argv, os.environ | command.environment)


if __name__ == "__main__":
    run_process("triton", main)
