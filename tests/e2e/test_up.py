"""`referee up`: everything serves, what dies comes back, one signal stops all."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import yaml

from referee.line.endpoints import free_ports
from referee.line.supervision import Supervisor
from runtime.process.run_folder import RunFolder
from tests.e2e.lines import ROOT, write_line


def await_that(condition: Callable[[], bool], what: str, timeout_s: float = 90) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.25)


def is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as page:
            return page.read() == b"ok"
    except OSError:
        return False


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_up_serves_restarts_and_stops(tmp_path: Path) -> None:
    dashboard, modbus = free_ports("127.0.0.1", 2)
    file = write_line(tmp_path)
    line = yaml.safe_load(file.read_text())
    line["sockets"] = {"dashboard": dashboard, "modbus": modbus}
    file.write_text(yaml.safe_dump(line))
    run_dir, log = tmp_path / "run", tmp_path / "up.log"
    argv = [sys.executable, "-m", "referee", "up", "--line", str(file), "--run-dir", str(run_dir)]
    with log.open("w") as out:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=out, stderr=out)
    supervisor = Supervisor(RunFolder(run_dir))
    try:
        await_that(lambda: "The line is running" in log.read_text(), "the line runs", timeout_s=150)
        await_that(lambda: is_healthy(dashboard), "the dashboard answers")
        socket.create_connection(("127.0.0.1", modbus), timeout=5).close()
        pids = {each.name: each.pid for each in supervisor.processes()}
        os.kill(pids["inference"], signal.SIGKILL)
        await_that(lambda: "inference died" in log.read_text(), "the restart is told")
        pids["inference"] = supervisor.pid("inference")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert "The line has stopped." in log.read_text()
    assert set(pids) >= {"triton", "mosquitto", "bridge", "soft-plc", "dashboard"}
    assert [name for name, pid in pids.items() if not is_gone(pid)] == []
