"""Looks at the free space of a disk, so that people hear of it before it is full."""

from __future__ import annotations

import shutil
from pathlib import Path

from contracts.process_state import Condition

MB = 10**6
LITTLE_MB, LITTLE_SHARE = 512, 0.1
"""Both must be little: a small disk may have less from the beginning."""
NOTHING_MB = 1


class DiskWatch:
    """Says ``disk_nearly_full`` or ``disk_full`` of the disk that a folder is on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def conditions(self) -> tuple[Condition, ...]:
        """Return what is wrong with the disk now; nothing if the folder is not there yet."""
        try:
            disk = shutil.disk_usage(self._folder)
        except OSError:
            return ()
        free_mb = disk.free / MB
        if free_mb < NOTHING_MB:
            return (Condition(code="disk_full", detail=f"the disk of {self._folder}"),)
        if free_mb < LITTLE_MB and disk.free < LITTLE_SHARE * disk.total:
            return (Condition(code="disk_nearly_full", detail=f"the disk of {self._folder}"),)
        return ()
