"""Whole lines for tests: `referee run` as its users call it, in a folder of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from referee.line.endpoints import free_ports
from referee.line.supervision import Supervisor
from runtime.process.run_folder import RunFolder

ROOT = Path(__file__).resolve().parents[2]


def write_line(folder: Path, **changes: Any) -> Path:
    """The demo line as a file in ``folder``; ``changes`` go into its soft PLC and its station."""
    line = yaml.safe_load((ROOT / "lines" / "demo.yaml").read_text())
    (station,) = line["stations"].values()
    for name, value in changes.items():
        target = line["soft_plc"] if name in ("parts_per_s", "gate_after_ms") else station
        target[name] = value
    file = folder / "line.yaml"
    file.write_text(yaml.safe_dump(line))
    return file


@contextmanager
def running(line: Path, run_dir: Path, parts: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    """`referee run` in the background; ended with the context if it has not ended itself."""
    argv = [sys.executable, "-m", "referee", "run", "--line", str(line), "--parts", str(parts)]
    process = subprocess.Popen(
        [*argv, "--run-dir", str(run_dir), "--json", *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)


def summary_of(process: subprocess.Popen[str], timeout_s: float = 240) -> dict[str, Any]:
    """What the run printed, once it has ended; its errors where it printed nothing."""
    out, err = process.communicate(timeout=timeout_s)
    assert out.strip(), f"no summary, exit code {process.returncode}: {err[-3000:]}"
    return json.loads(out) | {"exit_code": process.returncode, "stderr": err}


def total(summary: dict[str, Any]) -> int:
    """Parts with a disposition."""
    return summary["pass"] + summary["reject"] + sum(summary["no_verdict"].values())


def await_that(condition: Callable[[], bool], what: str, timeout_s: float = 90) -> None:
    """Wait for something that a whole line does."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.25)


class Up(NamedTuple):
    """A `referee up` in the background."""

    process: subprocess.Popen[bytes]
    argv: list[str]
    log: Path
    folder: RunFolder
    dashboard: int
    modbus: int

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.folder)


@contextmanager
def up(path: Path, *more: str, wait: bool = True) -> Iterator[Up]:
    """`referee up` on the demo line in ``path``, running; ended with the context."""
    dashboard, modbus = free_ports("127.0.0.1", 2)
    file = write_line(path)
    line = yaml.safe_load(file.read_text())
    line["sockets"] = {"dashboard": dashboard, "modbus": modbus}
    file.write_text(yaml.safe_dump(line))
    run_dir, log = path / "run", path / "up.log"
    argv = [sys.executable, "-m", "referee", "up", "--line", str(file), "--run-dir", str(run_dir)]
    argv += more
    with log.open("w") as out:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=out, stderr=out)
    try:
        if wait:
            text = "The line is running"
            await_that(lambda: text in log.read_text(), "the line runs", timeout_s=150)
        yield Up(process, argv, log, RunFolder(run_dir), dashboard, modbus)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def referee(*words: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    argv = [sys.executable, "-m", "referee", *words]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=90)
