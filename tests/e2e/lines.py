"""Whole lines for tests: `referee run` as its users call it, in a folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


def write_line(folder: Path, **changes: Any) -> Path:
    """The demo line as a file in ``folder``; ``changes`` go into its soft PLC and its station."""
    line = yaml.safe_load((ROOT / "lines" / "demo.yaml").read_text())
    (station,) = line["stations"].values()
    for name, value in changes.items():
        target = line["soft_plc"] if name in ("parts_per_s", "gate_after_ms") else station
        target[name] = value
    file = folder / "line.yaml"
    file.write_text(yaml.safe_dump(line))
    return file


@contextmanager
def running(line: Path, run_dir: Path, parts: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    """`referee run` in the background; ended with the context if it has not ended itself."""
    argv = [sys.executable, "-m", "referee", "run", "--line", str(line), "--parts", str(parts)]
    process = subprocess.Popen(
        [*argv, "--run-dir", str(run_dir), "--json", *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)


def summary_of(process: subprocess.Popen[str], timeout_s: float = 240) -> dict[str, Any]:
    """What the run printed, once it has ended; its errors where it printed nothing."""
    out, err = process.communicate(timeout=timeout_s)
    assert out.strip(), f"no summary, exit code {process.returncode}: {err[-3000:]}"
    return json.loads(out) | {"exit_code": process.returncode, "stderr": err}


def total(summary: dict[str, Any]) -> int:
    """Parts with a disposition."""
    return summary["pass"] + summary["reject"] + sum(summary["no_verdict"].values())
