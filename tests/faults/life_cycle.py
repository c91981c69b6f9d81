"""A line's life at random: started, stopped, changed and killed in every order, by a seed.

    python -m tests.faults.life_cycle --sequences 200 --seed 1 --folder /tmp/life

After each step there is at most one line in the run folder. After each sequence the line is started
once more, the ledger of every earlier life is closed, and `referee down` leaves no process behind.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import yaml
from sqlalchemy.exc import OperationalError

from referee.line.claim import holder, is_claimed
from referee.line.endpoints import free_ports
from referee.line.line_processes import name_of, processes_of
from referee.line.supervision import Supervisor
from runtime.process.run_folder import RunFolder
from storage.queries import ledger, open_sessions
from tests.e2e.lines import ROOT, write_line
from tests.waiting import PATIENCE_S

RUNNING = "The line is running"
ONLY_ONE = ("supervisor.supervisord", "plc", "ingest", "inference", "storage", "mosquitto")
LONGEST_WAIT_S = 2.0
PARTS_PER_S = 2


class LifeCycle:
    """One run folder and what is done to it. An invariant that breaks is an AssertionError.

    Attributes:
        counts: how often each step was taken.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self.folder = RunFolder(folder / "run")
        self._folder = folder
        self._commands: list[subprocess.Popen[bytes]] = []
        self._files = [self._line_file(number) for number in range(3)]
        self.counts: Counter[str] = Counter()
        self.steps: list[str] = []

    def sequence(self, length: int) -> None:
        """Take random steps, then check that the line can be started, has lost no part and ends."""
        self.steps = []
        for _ in range(length):
            step = self._random.choice(
                (self.up, self.up, self.second_up, self.down, self.apply, self.kill, self.kill)
            )
            self._take(step)
        self._take(self.close)
        self._take(self.down)

    def _take(self, step: Callable[[], None]) -> None:
        self.counts[step.__name__] += 1
        self.steps.append(step.__name__)
        step()
        self._check_one_line()
        time.sleep(self._random.uniform(0, LONGEST_WAIT_S))

    def up(self) -> None:
        """Start the line; sometimes go on before it is ready."""
        command = self._start()
        if self._random.random() < 0.6:
            self._await_ready(command)

    def second_up(self) -> None:
        """Start a line where one may run: one that runs is not touched."""
        if not self._is_ready():
            return
        before = self._identity()
        ended = self._referee("up", "--line", self._any_file(), "--no-dashboard")
        assert ended.returncode == 2, _said(ended)
        assert before == self._identity(), "the running line was touched"

    def down(self) -> None:
        """Stop the line: nothing of it is left, in whatever state it was."""
        ended = self._referee("down")
        assert ended.returncode == 0, _said(ended)
        left = [name_of(each) for each in processes_of(self.folder)]
        assert left == [], f"referee down left {left}"
        assert not is_claimed(self.folder)

    def apply(self) -> None:
        """Change the line. It may be away or just starting: then a clear answer, no traceback."""
        ended = self._referee("apply", self._any_file())
        assert ended.returncode in (0, 1, 2, 3), _said(ended)
        assert "Traceback" not in ended.stderr, ended.stderr

    def kill(self) -> None:
        """Kill -9 of anything, the supervisor and the command that started it included."""
        victims = processes_of(self.folder)
        command = holder(self.folder)
        if command is not None and is_claimed(self.folder):
            victims.append(command)
        if not victims:
            return
        victim = self._random.choice(victims)
        with suppress(psutil.NoSuchProcess):
            self.steps[-1] += f" {name_of(victim)}"
            victim.kill()

    def close(self) -> None:
        """Have the line run, and see that every part of its earlier lives is in the ledger."""
        if not (self._is_ready() and Supervisor(self.folder).is_running()):
            self._referee("down")
            self._await_ready(self._start())
        deadline = time.monotonic() + PATIENCE_S
        while open_rows := self._open_before():
            assert time.monotonic() < deadline, f"the ledger is open: {open_rows}"
            time.sleep(0.25)

    def end(self) -> None:
        """Stop everything, whatever has happened."""
        self._referee("down")
        for command in self._commands:
            command.kill()
            command.wait()

    def _open_before(self) -> list[Any]:
        """Epochs that are open, without the newest of each station, which goes on."""
        try:
            with open_sessions(self.folder.database_url)() as session:
                rows = ledger(session)
        except OperationalError:  # storage has not made its tables yet
            return ["no tables"]
        newest: dict[str, int] = {}
        for row in rows:
            newest[row.station] = max(row.epoch, newest.get(row.station, 0))
        return [row for row in rows if not row.closed and row.epoch != newest[row.station]]

    def _check_one_line(self) -> None:
        names = Counter(map(_name, processes_of(self.folder)))
        twice = {name: names[name] for name in ONLY_ONE if names[name] > 1}
        assert not twice, f"two lines in one folder: {twice}"

    def _identity(self) -> tuple[bytes, bytes]:
        """The supervisor's process id and the ports. What died a moment ago may be coming back."""
        return self.folder.supervisor_pid.read_bytes(), self.folder.endpoints.read_bytes()

    def _start(self) -> subprocess.Popen[bytes]:
        name = "refused.log" if is_claimed(self.folder) else "up.log"
        log = (self._folder / name).open("wb")
        command = subprocess.Popen(
            self._argv("up", "--line", self._any_file(), "--no-dashboard"),
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        self._commands.append(command)
        return command

    def _await_ready(self, command: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 2 * PATIENCE_S
        while not self._is_ready() and command.poll() is None:
            assert time.monotonic() < deadline, self._log()
            time.sleep(0.1)
        assert command.poll() in (None, 2), f"{command.poll()}: {self._log()}"

    def _is_ready(self) -> bool:
        return is_claimed(self.folder) and RUNNING in self._log()

    def _log(self) -> str:
        log = self._folder / "up.log"
        return log.read_text() if log.exists() else ""

    def _any_file(self) -> str:
        return str(self._random.choice(self._files))

    def _argv(self, *words: str) -> list[str]:
        folder = ["--run-dir", str(self.folder.path)]
        return [sys.executable, "-m", "referee", *words, *folder]

    def _referee(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._argv(*words), cwd=ROOT, capture_output=True, text=True, timeout=2 * PATIENCE_S
        )

    def _line_file(self, number: int) -> Path:
        """The demo line; the second with other words, the third with one more station."""
        folder = self._folder / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        file = write_line(folder, parts_per_s=PARTS_PER_S)
        line = yaml.safe_load(file.read_text())
        (station,) = line["stations"].values()
        if number == 1:
            station["prompts"] = [{"words": "any defect", "label": "anything"}]
        if number == 2:
            line["stations"]["other"] = station | {"plc": {"unit": 9}}
        if not hasattr(self, "_ports"):
            self._ports = free_ports("127.0.0.1", 2)
        line["sockets"] = dict(zip(("dashboard", "modbus"), self._ports, strict=True))
        file.write_text(yaml.safe_dump(line))
        return file


def _name(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return name_of(process)
    return "gone"


def _said(ended: subprocess.CompletedProcess[str]) -> str:
    return f"exit code {ended.returncode}: {ended.stdout}{ended.stderr}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=200)
    parser.add_argument("--steps", type=int, default=3, help="random steps of a sequence")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="life-cycle-"))
    life = LifeCycle(folder, options.seed)
    begun = time.monotonic()
    try:
        for number in range(1, options.sequences + 1):
            life.sequence(options.steps)
            _say(f"{number} after {time.monotonic() - begun:.0f} s: {', '.join(life.steps)}")
    except BaseException:
        _say(f"failed at {', '.join(life.steps)}; seed {options.seed}, see {folder}")
        raise
    finally:
        life.end()
    with open_sessions(life.folder.database_url)() as session:
        rows = ledger(session)
    parts, missing = (sum(getattr(row, name) for row in rows) for name in ("triggered", "missing"))
    _say(f"{options.sequences} sequences, steps: {dict(life.counts)}")
    _say(f"{len(rows)} epochs, {parts} parts, {missing} without a disposition, all of them in the")
    _say("epochs that ran when the line was stopped for the last time")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
