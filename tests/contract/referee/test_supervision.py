"""The real supervisord: starts, restarts what is killed, stops all."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import yaml

from contracts.errors import UserError
from contracts.line import LineFile
from referee.line.claim import claimed, is_claimed
from referee.line.endpoints import choose
from referee.line.line_processes import end, processes_of
from referee.line.stopping import stop_line
from referee.line.supervision import Program, Supervisor
from referee.project import DEMO_LINE
from runtime.process.run_folder import RunFolder
from tests.waiting import PATIENCE_S, until

SLEEPER = Program("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"], {}, 1)


def wait_for_pid(supervisor: Supervisor, other_than: int = 0, timeout_s: float = PATIENCE_S) -> int:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if (pid := supervisor.pid("sleeper")) not in (0, other_than):
            return pid
        time.sleep(0.1)
    raise AssertionError(f"no new process within {timeout_s} s")


@contextmanager
def started(path: Path, program: Program) -> Iterator[Supervisor]:
    folder = RunFolder(path)
    with claimed(folder, "site", "line") as claim:
        supervisor = Supervisor(folder)
        supervisor.start([program], claim)
    try:
        yield supervisor
    finally:
        supervisor.stop()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with started(tmp_path, SLEEPER) as supervisor:
        yield supervisor


def test_what_is_killed_is_started_again(supervisor: Supervisor) -> None:
    first = wait_for_pid(supervisor)
    os.kill(first, signal.SIGKILL)
    assert wait_for_pid(supervisor, other_than=first) != first


def test_stop_leaves_no_process(supervisor: Supervisor) -> None:
    pid = wait_for_pid(supervisor)
    supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not supervisor.is_running()


def test_a_second_line_in_the_same_folder_is_refused(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    first = wait_for_pid(supervisor)
    with pytest.raises(UserError, match="already runs"), claimed(RunFolder(tmp_path), "s", "l"):
        pass
    assert supervisor.pid("sleeper") == first


def test_environment_and_percent_signs_arrive(tmp_path: Path) -> None:
    code = "import os,time; print(os.environ['WORDS'], flush=True); time.sleep(600)"
    program = Program("speaker", [sys.executable, "-c", code], {"WORDS": "100 % a, b"}, 1)
    with started(tmp_path, program) as supervisor:
        log = supervisor.processes()[0].log
        deadline = time.monotonic() + 10
        while not log.exists() or not log.read_text():
            assert time.monotonic() < deadline, "the program printed nothing"
            time.sleep(0.1)
        assert log.read_text().strip() == "100 % a, b"


def test_a_killed_supervisor_releases_the_folder_and_the_next_line_ends_its_processes(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    orphan, folder = wait_for_pid(supervisor), RunFolder(tmp_path)
    kill_supervisor(folder)
    assert [each.pid for each in processes_of(folder)] == [orphan]
    with claimed(folder, "site", "line") as claim:
        assert len(claim.ended) == 1
        assert not psutil.pid_exists(orphan)


def test_down_ends_what_a_killed_supervisor_left_behind(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    orphan, folder = wait_for_pid(supervisor), RunFolder(tmp_path)
    kill_supervisor(folder)
    stopped = stop_line(folder)
    assert stopped is not None
    assert len(stopped.left_behind) == 1
    assert not psutil.pid_exists(orphan)
    assert stop_line(folder) is None


def test_down_returns_when_all_is_gone(supervisor: Supervisor, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    pids = {wait_for_pid(supervisor), int(folder.supervisor_pid.read_text())}
    assert stop_line(folder) is not None
    assert [pid for pid in pids if psutil.pid_exists(pid) and running(pid)] == []
    assert not is_claimed(folder)


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    code = "import signal,time; signal.signal(15, signal.SIG_IGN); print('on', flush=True)"
    deaf = Program("deaf", [sys.executable, "-c", f"{code}; time.sleep(600)"], {}, 1)
    with started(tmp_path, deaf) as supervisor:
        log = supervisor.processes()[0].log
        until(lambda: log.exists() and "on" in log.read_text())
        kill_supervisor(RunFolder(tmp_path))
        assert len(end(processes_of(RunFolder(tmp_path)), term_wait_s=0.2)) == 1
        assert processes_of(RunFolder(tmp_path)) == []


def test_a_run_folder_with_a_path_longer_than_a_socket_may_have(tmp_path: Path) -> None:
    with started(tmp_path / ("x" * 120), SLEEPER) as supervisor:
        assert supervisor.is_running()


def test_another_line_is_refused_by_name(tmp_path: Path) -> None:
    line = LineFile.model_validate(yaml.safe_load(DEMO_LINE.read_text()))
    choose(line, outward=False).save(RunFolder(tmp_path))
    named = "line demo at site line|line .* at site .*, not of line b-c at site a"
    with pytest.raises(UserError, match=named), claimed(RunFolder(tmp_path), "a", "b-c"):
        pass


def kill_supervisor(folder: RunFolder) -> None:
    daemon = psutil.Process(int(folder.supervisor_pid.read_text()))
    daemon.kill()
    until(lambda: not is_claimed(folder))


def running(pid: int) -> bool:
    return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
