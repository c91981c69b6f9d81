"""Triton's folder and command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import UserError
from referee.line.servers.triton import (
    PYTHON,
    STUB,
    TritonPorts,
    assemble_backends,
    forget_shared_memory,
    server_command,
)

PORTS = TritonPorts(1, 2, 3)


def wheel_with_stub(folder: Path, python: str = PYTHON) -> Path:
    """The files that the wheel has, empty."""
    server = folder / "triton" / "pytriton" / "tritonserver"
    for path in (
        "bin/tritonserver",
        "backends/python/lib",
        f"python_backend_stubs/{python}/{STUB}",
    ):
        (server / path).parent.mkdir(parents=True)
        (server / path).write_text(path)
    return folder / "triton"


def test_backend_and_its_stub_in_one_folder(tmp_path: Path) -> None:
    server = wheel_with_stub(tmp_path) / "pytriton" / "tritonserver"
    backends = assemble_backends(server, tmp_path / "backends")
    assert {path.name for path in (backends / "python").iterdir()} == {"lib", STUB}
    assert [path.name for path in backends.iterdir()] == ["python"]


def test_a_second_time_nothing_is_written(tmp_path: Path) -> None:
    server = wheel_with_stub(tmp_path) / "pytriton" / "tritonserver"
    backends = assemble_backends(server, tmp_path / "backends")
    (backends / "python" / "lib").write_text("kept")
    assemble_backends(server, backends)
    assert (backends / "python" / "lib").read_text() == "kept"


def test_no_stub_for_this_python_is_told(tmp_path: Path) -> None:
    server = wheel_with_stub(tmp_path, python="3.0") / "pytriton" / "tritonserver"
    with pytest.raises(UserError, match=f"Python {PYTHON}"):
        assemble_backends(server, tmp_path / "backends")


def test_what_is_missing_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tritonserver is missing; run `make setup`"):
        server_command(PORTS, host="", wheel=tmp_path)


def test_another_text_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFEREE_TEXT_ENCODER", str(tmp_path))
    wheel = wheel_with_stub(tmp_path)
    with pytest.raises(UserError, match=r"model\.safetensors is missing"):
        server_command(PORTS, host="", wheel=wheel)
    (tmp_path / "model.safetensors").touch()
    command = server_command(PORTS, wheel=wheel, host="0.0.0.0")
    assert command.environment["REFEREE_TEXT_ENCODER"] == str(tmp_path)
    assert {"--grpc-port=1", "--http-port=2", "--metrics-port=3"} <= set(command.argv)
    assert "--grpc-address=0.0.0.0" in command.argv


def test_forgets_only_its_own_shared_memory(tmp_path: Path) -> None:
    for name in ("referee-triton-1-abc", "referee-triton-12-abc", "another"):
        (tmp_path / name).touch()
    forget_shared_memory(PORTS, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"referee-triton-12-abc", "another"}
