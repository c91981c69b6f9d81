"""The real supervisord: starts, restarts what is killed, stops all."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import UserError
from referee.line.supervision import Program, Supervisor
from runtime.process.run_folder import RunFolder
from tests.waiting import PATIENCE_S

SLEEPER = Program("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"], {}, 1)


def wait_for_pid(supervisor: Supervisor, other_than: int = 0, timeout_s: float = PATIENCE_S) -> int:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if (pid := supervisor.pid("sleeper")) not in (0, other_than):
            return pid
        time.sleep(0.1)
    raise AssertionError(f"no new process within {timeout_s} s")


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(RunFolder(tmp_path))
    supervisor.start([SLEEPER])
    yield supervisor
    supervisor.stop()


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
    with pytest.raises(UserError, match="already runs"):
        Supervisor(RunFolder(tmp_path)).start([SLEEPER])


def test_environment_and_percent_signs_arrive(tmp_path: Path) -> None:
    code = "import os,time; print(os.environ['WORDS'], flush=True); time.sleep(600)"
    program = Program("speaker", [sys.executable, "-c", code], {"WORDS": "100 % a, b"}, 1)
    supervisor = Supervisor(RunFolder(tmp_path))
    supervisor.start([program])
    try:
        log = supervisor.processes()[0].log
        deadline = time.monotonic() + 10
        while not log.exists() or not log.read_text():
            assert time.monotonic() < deadline, "the program printed nothing"
            time.sleep(0.1)
        assert log.read_text().strip() == "100 % a, b"
    finally:
        supervisor.stop()
