"""A disk that is really full: a small tmpfs that only the process under test sees."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Protocol

import pytest

MOUNT = 'mount -t tmpfs -o size="$1"m none "$2" && shift 2 && exec "$@"'
UNSHARE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]


class Startable(Protocol):
    """A process that is not started yet."""

    @property
    def pid(self) -> int: ...

    def start(self, *wrapped_in: str) -> None: ...


class SmallDisk:
    """The folder of a running process, as that process sees it."""

    def __init__(self, pid: int, folder: Path) -> None:
        self._filler = Path(f"/proc/{pid}/root{folder}/filler")

    def fill(self) -> None:
        """Leave no byte free."""
        with self._filler.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def empty(self) -> None:
        """Free what ``fill`` took."""
        self._filler.unlink()


def on_a_small_disk(process: Startable, folder: Path, largest_mb: int) -> SmallDisk:
    """Start the process with a disk of its own in place of ``folder``."""
    if subprocess.run([*UNSHARE, "sh", "-c", MOUNT, "sh", "1", str(folder), "true"]).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    process.start(*UNSHARE, "sh", "-c", MOUNT, "sh", str(largest_mb), str(folder))
    return SmallDisk(process.pid, folder)
