"""The machine and the packages of a measurement; never the machine's name."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

from runtime.process.processor import processor_name

PACKAGES = ("torch", "transformers", "numpy", "scipy", "opencv-python-headless")


def processor() -> str:
    """Return the number and the model of the processors."""
    return f"{os.cpu_count()} x {processor_name()}"


def versions() -> str:
    """Return the versions of Python and of the packages that affect the figures."""
    packages = [f"{name} {version(name)}" for name in PACKAGES]
    return ", ".join([f"Python {platform.python_version()}", *packages])
