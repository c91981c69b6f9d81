"""What this machine is, for reports and pages; never its name."""

from __future__ import annotations

import platform
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


def processor_name(cpu_info: Path = CPU_INFO) -> str:
    """Return the processor's model name, or its architecture if the system does not name it."""
    lines = cpu_info.read_text().splitlines() if cpu_info.is_file() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
