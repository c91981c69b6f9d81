"""What engines take and how alike they answer, as a page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine
from benchmarks.engines.answer_agreement import Agreement
from benchmarks.engines.engine_timing import Case, Timed
from benchmarks.markdown import table

WIDE_FORMATS = (
    *("avx2", "avx512f", "avx512_vnni", "avx_vnni"),
    *("avx512_bf16", "amx_bf16", "amx_int8"),
)

HOW = """\
Times are medians for one picture; in brackets the least time and the interquartile range. Times
of a batch are divided by its pictures. Calls to the two engines alternate. Processor time is that
of all threads, including those that still spin after the answer. A ratio is the second engine's
time over the first one's."""


def document(
    command: str,
    digest: str,
    timed: Mapping[Case, Mapping[str, Timed]],
    found: Mapping[int, Agreement],
) -> str:
    """The page; ``found`` by the pictures' side."""
    first, second = next(iter(timed.values()))
    return (
        "\n\n".join(
            [
                "# Two engines for one network",
                f"    {command}",
                f"{datetime.now(UTC).date().isoformat()}, {machine.processor()}, load "
                f"{os.getloadavg()[0]:.1f} at the end; network {digest}. {cpu_formats()}",
                HOW,
                _times(first, second, timed),
                "The second engine's answers compared with the first one's:",
                table(
                    ["pictures of", *Agreement.head()],
                    [[f"{side} px", *one.cells()] for side, one in found.items()],
                ),
            ]
        )
        + "\n"
    )


def _times(first: str, second: str, timed: Mapping[Case, Mapping[str, Timed]]) -> str:
    head = [*Case._fields, f"{first}: wall ms", "CPU ms", f"{second}: wall ms", "CPU ms"]
    rows = []
    for case, by_name in timed.items():
        one, two = by_name[first], by_name[second]
        ratios = (two.wall.median / one.wall.median, two.cpu.median / one.cpu.median)
        cells = (*case, one.wall, one.cpu, two.wall, two.cpu)
        rows.append([*map(str, cells), *(f"{ratio:.2f}" for ratio in ratios)])
    return table([*head, "wall ratio", "CPU ratio"], rows)


def cpu_formats() -> str:
    """Which wide and narrow formats this processor computes in, in a sentence."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    here = [name for name in WIDE_FORMATS if name in flags]
    absent = [name for name in WIDE_FORMATS if name not in flags]
    return (
        f"The processor has {', '.join(here) or 'no avx2'}; it lacks {', '.join(absent) or 'none'}."
    )
