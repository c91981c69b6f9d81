"""`referee up`: everything serves, what dies comes back, one signal stops all."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from referee.line.claim import is_claimed
from referee.line.endpoints import free_ports
from referee.line.line_processes import processes_of
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
def up(path: Path, *, wait: bool = True) -> Iterator[Up]:
    dashboard, modbus = free_ports("127.0.0.1", 2)
    file = write_line(path)
    line = yaml.safe_load(file.read_text())
    line["sockets"] = {"dashboard": dashboard, "modbus": modbus}
    file.write_text(yaml.safe_dump(line))
    run_dir, log = path / "run", path / "up.log"
    argv = [sys.executable, "-m", "referee", "up", "--line", str(file), "--run-dir", str(run_dir)]
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


def test_up_serves_restarts_and_stops(tmp_path: Path) -> None:
    with up(tmp_path) as line:
        await_that(lambda: is_healthy(line.dashboard), "the dashboard answers")
        socket.create_connection(("127.0.0.1", line.modbus), timeout=5).close()
        pids = {each.name: each.pid for each in line.supervisor.processes()}
        assert set(pids.values()) <= {each.pid for each in processes_of(line.folder)}
        os.kill(pids["inference"], signal.SIGKILL)
        await_that(
            lambda: "inference ended and was started again" in line.log.read_text(),
            "the restart is reported",
        )
        pids["inference"] = line.supervisor.pid("inference")
        line.process.send_signal(signal.SIGTERM)
        time.sleep(1)  # the next one, at the end of the context, comes while the line is stopping
    assert line.process.returncode == 0
    assert "The line has stopped." in line.log.read_text()
    assert set(pids) >= {"triton", "mosquitto", "bridge", "soft-plc", "dashboard"}
    assert [name for name, pid in pids.items() if not is_gone(pid)] == []


def test_a_second_up_touches_nothing_and_a_killed_supervisor_leaves_nothing(tmp_path: Path) -> None:
    with up(tmp_path) as first:
        before = {each.name: each.pid for each in first.supervisor.processes()}
        ports = first.folder.endpoints.read_bytes()
        second = subprocess.run(first.argv, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert second.returncode == 2
        assert "already runs" in second.stderr
        assert {each.name: each.pid for each in first.supervisor.processes()} == before
        assert first.folder.endpoints.read_bytes() == ports
        os.kill(int(first.folder.supervisor_pid.read_text()), signal.SIGKILL)
        assert first.process.wait(timeout=60) == 1
        assert "was killed; the whole line has been stopped" in first.log.read_text()
        assert processes_of(first.folder) == []


def test_status_and_down_agree_on_what_a_killed_command_and_supervisor_leave_behind(
    tmp_path: Path,
) -> None:
    with up(tmp_path) as line:
        assert told(line.folder)["life"] == "running"
        line.process.kill()
        line.process.wait()
        assert told(line.folder)["life"] == "running", "the supervisor goes on"
        os.kill(int(line.folder.supervisor_pid.read_text()), signal.SIGKILL)
        await_that(lambda: not is_claimed(line.folder), "the supervisor is gone")
        left = told(line.folder)
        assert left["life"] == "left behind"
        assert {"plc", "ingest", "mosquitto"} <= set(left["left_behind"])
        down = referee("down", "--run-dir", str(line.folder.path))
        assert "ended what it had left behind" in down.stdout
        assert told(line.folder)["life"] == "stopped"


def told(folder: RunFolder) -> dict[str, Any]:
    ended = referee("status", "--json", "--run-dir", str(folder.path))
    assert ended.returncode in (0, 1), ended.stderr
    found = json.loads(ended.stdout)
    assert ended.returncode == 1 or found["life"] == "running"
    return found


def referee(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "referee", *words]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=90)


def test_down_in_the_middle_of_a_start_leaves_nothing(tmp_path: Path) -> None:
    with up(tmp_path, wait=False) as line:
        await_that(lambda: is_claimed(line.folder), "the folder is claimed")
        down = referee("down", "--run-dir", str(line.folder.path))
        assert down.returncode == 0
        assert "Stopped the line" in down.stdout
        assert line.process.poll() is not None
        assert processes_of(line.folder) == []
