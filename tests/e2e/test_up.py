"""`referee up`: everything serves, what dies comes back, one signal stops all."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from referee.line.claim import is_claimed
from referee.line.line_processes import processes_of
from runtime.process.run_folder import RunFolder
from tests.e2e.lines import ROOT, await_that, referee, up


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


def test_down_in_the_middle_of_a_start_leaves_nothing(tmp_path: Path) -> None:
    with up(tmp_path, wait=False) as line:
        await_that(lambda: is_claimed(line.folder), "the folder is claimed")
        down = referee("down", "--run-dir", str(line.folder.path))
        assert down.returncode == 0
        assert "Stopped the line" in down.stdout
        assert line.process.poll() is not None
        assert processes_of(line.folder) == []
