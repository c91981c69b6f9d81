"""Processor time and memory of a line's processes, each with its children."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import psutil

from referee.line.programs import SOFT_PLC

SIMULATED = ("ingest", SOFT_PLC)
"""They stand for cameras and a PLC that a plant has anyway; ingest here replays files."""


class Usage(NamedTuple):
    """Attributes:
    cpu_ms: processor time so far, of all threads.
    pss_mb: memory, what is shared counted by its share (proportional set size).
    """

    cpu_ms: float
    pss_mb: float


def usages(pids: Mapping[str, int]) -> dict[str, Usage]:
    """Of each named process and all below it; one that is gone counts nothing."""
    return {name: _sum(_family(pid)) for name, pid in pids.items()}


def spent_ms(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> dict[str, float]:
    """Processor time between two looks."""
    return {name: after[name].cpu_ms - before[name].cpu_ms for name in after if name in before}


def ended_children_ms() -> float:
    """Processor time of this process's own children that have ended, such as the soft PLC."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e3


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _sum(processes: Iterable[psutil.Process]) -> Usage:
    cpu_s = pss = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
            cpu_s += times.user + times.system
            pss += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return Usage(cpu_s * 1e3, pss / 2**20)
